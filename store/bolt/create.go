package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"

	"drawbridge/store"
)

// prepareFolder makes the data folder, and makes that it exists durable.
func prepareFolder(dir string) error {
	var missing []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		missing = append(missing, d)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	for _, d := range missing {
		if err := syncFolder(filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}

// create makes an empty data file. It is built under another name and renamed
// when it is whole and durable, so that neither a killed process nor a power
// cut leaves a data file that is not one. The caller holds the folder's lock.
func create(dir string, o Options) error {
	draft := filepath.Join(dir, fileName+".new")
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove unfinished data file: %w", err)
	}
	if err := draw(draft, o); err != nil {
		return fmt.Errorf("create data file: %w", err)
	}
	if err := os.Rename(draft, filepath.Join(dir, fileName)); err != nil {
		return fmt.Errorf("create data file: %w", err)
	}
	return syncFolder(dir)
}

func draw(path string, o Options) error {
	db, err := bbolt.Open(path, 0o600, o.bolt())
	if err != nil {
		return err
	}
	db.AllocSize = allocBytes
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, keysBucket, logBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(metaBucket)
		if err := meta.Put(formatKey, binary.BigEndian.AppendUint64(nil, formatVersion)); err != nil {
			return err
		}
		return meta.Put(stateKey, encodeState(state{}))
	})
	return errors.Join(err, db.Close())
}

// checkFormat refuses a file that this build cannot read, before anything else
// of it is looked at.
func checkFormat(tx *bbolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return fmt.Errorf("%w: a bbolt file, but not one of drawbridge", store.ErrFormat)
	}
	raw := meta.Get(formatKey)
	if len(raw) != 8 {
		return fmt.Errorf("%w: no format version", store.ErrFormat)
	}
	if v := binary.BigEndian.Uint64(raw); v != formatVersion {
		return fmt.Errorf("%w: the file has format %d, this build reads format %d; use the drawbridge version that wrote it",
			store.ErrFormat, v, formatVersion)
	}
	if tx.Bucket(keysBucket) == nil || tx.Bucket(logBucket) == nil {
		return fmt.Errorf("%w: a bucket is missing", store.ErrCorrupt)
	}
	return nil
}

// syncFolder makes a name in a folder durable (fsync(2): "Calling fsync() does
// not necessarily ensure that the entry in the directory containing the file
// has also reached disk").
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // a folder cannot be synced there
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
