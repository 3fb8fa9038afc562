package sqlite

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// volume is what matters about the filesystem a path lies on.
type volume struct {
	network  string // its name when other hosts may have it mounted too
	readOnly bool
	free     uint64 // bytes that this process may still write
}

func volumeOf(path string) (volume, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return volume{}, fmt.Errorf("statfs %s: %w", path, err)
	}
	blocks := st.Bavail
	if os.Geteuid() == 0 {
		blocks = st.Bfree // the reserve is for root
	}
	return volume{
		network:  networkName(uint32(st.Type)), //nolint:gosec // magic numbers have 32 bits; the type of the field depends on the platform
		readOnly: st.Flags&unix.ST_RDONLY != 0,
		free:     blocks * uint64(st.Bsize), //nolint:gosec // a block size is positive
	}, nil
}

// networkName names a filesystem on which locks or shared memory do not hold between hosts
// (https://www.sqlite.org/wal.html: "all processes must be on the same host computer").
func networkName(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.V9FS_MAGIC:
		return "9p"
	case unix.FUSE_SUPER_MAGIC:
		return "FUSE"
	case unix.CEPH_SUPER_MAGIC:
		return "Ceph"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "AFS"
	case unix.CODA_SUPER_MAGIC:
		return "Coda"
	case 0x0bd00bd0:
		return "Lustre"
	case 0x47504653:
		return "GPFS"
	case 0x01161970:
		return "GFS2"
	case unix.OCFS2_SUPER_MAGIC:
		return "OCFS2"
	case 0x786f4256:
		return "VirtualBox shared folder"
	default:
		return ""
	}
}
