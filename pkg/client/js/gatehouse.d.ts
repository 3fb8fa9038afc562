/**
 * The Gatehouse client for browsers.
 *
 * It needs a browser of 2022 or later. Where Web Locks or BroadcastChannel are missing, tabs
 * that share a session coordinate less and the server's grace window does the rest.
 */

/** A session, exactly as the service answers it and as it is stored: five members. */
export interface AuthorizationResponse {
  email: string;
  /** Lifetime of the access token in seconds, counted from when it was issued. */
  expiresIn: number;
  /** A JWT for `Authorization: Bearer`. */
  accessToken: string;
  /** The account's id, the `sub` of its tokens. */
  localId: string;
  /** Opaque; it is replaced at every renewal. */
  refreshToken: string;
}

/** The account, as `GET /auth/me` answers it. */
export interface User {
  localId: string;
  email: string;
  emailVerified: boolean;
  userType: string;
  name: string;
  lastName: string;
  displayName: string;
  phone: string;
  birthDate: string;
  gender: string;
  timeZone: string;
  bio: string;
  referenceId: string;
  claims?: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
  [more: string]: unknown;
}

/** One field of a request that the service did not accept. */
export interface FieldError {
  field: string;
  code: string;
  message: string;
}

/**
 * Why a call failed. Branch on `code`: the service's codes are listed in docs/api/errors.md,
 * and the client adds these:
 *
 * - `network` (status 0): the server was not reached or did not finish its answer; try again
 * - `signed_out` (401): nobody is signed in
 * - `invalid_hand_off` (400): the fragment of a hand-off link is damaged
 * - `hand_off_declined` (403): `confirm` said no
 * - `unexpected_answer`: whoever answered was not Gatehouse, a proxy perhaps
 *
 * It never contains a token or a password.
 */
export class GatehouseError extends Error {
  readonly name: "GatehouseError";
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  /** What is wrong with the input, field by field. Often empty. */
  readonly fields: FieldError[];
  /** Names the request in the service's log. */
  readonly requestId?: string;
  /** Seconds to wait before trying again; 0 when the service did not say. */
  readonly retryAfter: number;
}

export interface ClientOptions {
  /**
   * Where Gatehouse is. By default the origin that the module was loaded from, if that was
   * `/client.js` of a Gatehouse, and else the origin of the page.
   */
  baseUrl?: string;
  /** A publishable API key (`pk_...`), for signIn and signUp. Never a secret one. */
  apiKey?: string;
  /** The key of the session in storage. Other scripts know it as `SF_Token`, the default. */
  storageKey?: string;
  /** Where the session is kept: session storage by default, which each tab has for itself. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Renew this many seconds before expiry, but not before 80 % of the lifetime: 60 by default. */
  renewBefore?: number;
  /** Other origins that `fetch` sends the access token to, such as `https://api.example.com`. */
  apis?: string[];
}

/** What signIn resolves to when the account has a second factor. Nothing is stored yet. */
export interface SecondFactorDue {
  mfaRequired: true;
  mfaToken: string;
  methods: string[];
}

/** What signUp resolves to when the address has to be verified first. */
export interface VerificationPending {
  pending: true;
  message: string;
}

export type ClientEvent =
  | { type: "signed_in" | "renewed"; session: AuthorizationResponse }
  /** `code` is `signed_out`, or the code of the refusal that ended the session. */
  | { type: "signed_out"; session: null; code: string };

export interface Client {
  /** Signs in by password. Rejects with `bad_credentials`, `rate_limited` and others. */
  signIn(credentials: { email: string; password: string }): Promise<AuthorizationResponse | SecondFactorDue>;

  /** Registers and signs in. */
  signUp(person: {
    email: string;
    password: string;
    name?: string;
    lastName?: string;
    invitationCode?: string;
  }): Promise<AuthorizationResponse | VerificationPending>;

  /**
   * Ends sessions: `this` one, the user's `others`, or `all`. Tabs of this browser that hold
   * one of them learn of it at once. `this` and `all` end here even when the server cannot be
   * told; the promise then rejects.
   */
  signOut(options?: { scope?: "this" | "others" | "all" }): Promise<void>;

  /** The session as stored, or null. Its token may be about to expire: use `token` to send it. */
  session(): AuthorizationResponse | null;

  /** When the access token expires, in milliseconds by this device's clock, or null. */
  expiresAt(): number | null;

  /** The account, read from the service. */
  user(): Promise<User>;

  /**
   * Like the global `fetch`, with the access token where it belongs: on requests to `baseUrl`
   * and `apis`, while somebody is signed in, unless the request has an Authorization of its
   * own. It renews before expiry, and once more after a 401, and then asks again. Other
   * origins never get the token.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** A valid access token, renewed if it is about to expire. */
  token(): Promise<string>;

  /**
   * A link that signs this person in at another app, once, within a minute. It carries a
   * one-time code and no token. `continueTo` is where to go then.
   */
  handOffLink(options?: { continueTo?: string }): Promise<string>;

  /**
   * Takes the session out of the address (`#SF_Token=...`), cleans the address and stores the
   * session. Resolves to null when there is none. Call it first, before anything reads the
   * address.
   *
   * Anybody can send a link with a session of their own in it, to make people work in the
   * wrong account. So ask: `confirm` gets the e-mail address and the session held now, if
   * any. Without it, a session of another account is never replaced.
   */
  acceptHandOff(options?: {
    confirm?: (email: string, held: AuthorizationResponse | null) => boolean | Promise<boolean>;
  }): Promise<AuthorizationResponse | null>;

  /** Stores a session that the app got by itself, from `POST /auth/changePassword` for example. */
  adopt(session: AuthorizationResponse): AuthorizationResponse;

  /** Tells of signing in, renewal and signing out, here and in other tabs. Returns the end of it. */
  onChange(listener: (event: ClientEvent) => void): () => void;

  /** Stops renewing and listening. The session stays stored. */
  close(): void;
}

/** Makes a client. Make one and keep it: each one renews and listens. */
export function createClient(options?: ClientOptions): Client;
