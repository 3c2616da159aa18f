package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
	"k8s.io/mount-utils"
)

const podNetworkFile = 3 // the first of exec.Cmd's ExtraFiles

// container becomes a container's command: it enters the pod's network, sees the host's files under
// a layer of its own that is thrown away, with the pod's volumes in it, and execs.
func container([]string) error {
	var wanted launch
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return err
	}
	if err := netns.Set(netns.NsHandle(podNetworkFile)); err != nil {
		return err
	}
	unix.CloseOnExec(podNetworkFile)
	if err := wanted.assemble(); err != nil {
		return err
	}
	if err := os.Chdir(filepath.Join("/", wanted.Directory)); err != nil {
		return err
	}
	os.Clearenv()
	for _, variable := range wanted.Environment {
		name, value, _ := strings.Cut(variable, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	program, err := exec.LookPath(wanted.Argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, wanted.Argv, os.Environ())
}

// assemble mounts the container's root and goes there. The mount namespace is the container's own,
// so all of it goes with the process.
func (wanted *launch) assemble() error {
	sources, err := wanted.sources()
	if err != nil {
		return err
	}
	root, err := wanted.overlay()
	if err != nil {
		return err
	}
	// Volumes are mounted from within, where a link such as /var/run leads to the container's /run.
	if err := syscall.Chroot(root); err != nil {
		return err
	}
	for index, volume := range wanted.Mounts {
		if err := volume.mount(sources[index]); err != nil {
			return fmt.Errorf("%s: %w", volume.Target, err)
		}
	}
	if wanted.ReadOnlyRoot {
		return syscall.Mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
	}
	return nil
}

// sources opens what is to be mounted, as it can't be named any more from within.
func (wanted *launch) sources() ([]*os.File, error) {
	var files []*os.File
	for _, volume := range wanted.Mounts {
		file, err := os.OpenFile(volume.Source, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// overlay is the host's root under an empty layer, and all else that is mounted there.
func (wanted *launch) overlay() (string, error) {
	host, err := mount.ParseMountInfo("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	// In memory: a file system that is itself an overlay can't hold the upper layer of another.
	if err := syscall.Mount("tmpfs", wanted.Root, "tmpfs", 0, ""); err != nil {
		return "", err
	}
	root, upper, work := wanted.Root+"/root", wanted.Root+"/upper", wanted.Root+"/work"
	for _, folder := range []string{root, upper, work} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return "", err
		}
	}
	options := "lowerdir=/,upperdir=" + upper + ",workdir=" + work
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", err
	}
	for _, below := range host {
		if below.MountPoint != "/" {
			// What another mount covers can't be seen from here, and isn't missed.
			_ = syscall.Mount(below.MountPoint, root+below.MountPoint, "", syscall.MS_BIND, "")
		}
	}
	return root, nil
}

func (volume bind) mount(source *os.File) error {
	here := fmt.Sprintf("/proc/self/fd/%d", source.Fd())
	info, err := os.Stat(here)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(volume.Target, 0o755)
	} else {
		err = touch(volume.Target)
	}
	if err != nil {
		return err
	}
	if err := syscall.Mount(here, volume.Target, "", syscall.MS_BIND, ""); err != nil || !volume.ReadOnly {
		return err
	}
	return syscall.Mount("", volume.Target, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
}

// touch makes a file to mount over where there is none.
func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}
