package sqlite

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworkFilesystemsAreKnown(t *testing.T) {
	for name, magic := range map[string]int64{
		"NFS": unix.NFS_SUPER_MAGIC, "SMB": unix.CIFS_SUPER_MAGIC, "9p": unix.V9FS_MAGIC, "FUSE": unix.FUSE_SUPER_MAGIC,
		"": unix.EXT4_SUPER_MAGIC,
	} {
		if got := networkName(uint32(magic)); got != name {
			t.Errorf("%#x is %q, want %q", magic, got, name)
		}
	}
	for _, local := range []int64{unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC} {
		if got := networkName(uint32(local)); got != "" {
			t.Errorf("%#x is %q, want a local disk", local, got)
		}
	}
}
