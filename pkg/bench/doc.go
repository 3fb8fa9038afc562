// Package bench measures a Gatehouse server on this machine, next to what the machine could do
// at best: it owns the load generator behind `gatehouse bench`, its report and the figures the
// service is expected to reach.
//
// A measurement is a closed loop: N connections are kept alive, and each sends its next request
// when the answer to the last one is there. Client and server share the machine's cores, so the
// client is a raw connection with prepared requests and a minimal reader of answers; it
// understands what our own server sends (HTTP/1.1 with Content-Length) and ends the run on
// anything else. An answer that is not 2xx, or does not carry what it should, is an error: it is
// counted, shown, and no part of a rate or a latency.
//
// It is no tool for attacking: it refuses every target that is not this machine. It decides
// nothing either: an expectation that is missed is printed, and that is all.
package bench
