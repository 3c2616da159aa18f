package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/utils/ptr"
)

// launch is what `plane container` needs to know to become a container's command.
type launch struct {
	Root         string
	ReadOnlyRoot bool
	Mounts       []bind
	Directory    string
	Environment  []string
	Argv         []string
}

type bind struct {
	Source, Target string
	ReadOnly       bool
}

// start starts the container's own command.
func (process *process) start(log io.Writer) (*exec.Cmd, error) {
	environment, err := process.environment()
	if err != nil {
		return nil, err
	}
	argv, err := process.entrypoint()
	if err != nil {
		return nil, err
	}
	expand := expansion.MappingFuncFor(environment)
	for _, word := range process.spec.Command {
		argv = append(argv, expansion.Expand(word, expand))
	}
	for _, word := range process.spec.Args {
		argv = append(argv, expansion.Expand(word, expand))
	}
	command, err := process.prepare(context.Background(), log, environment, argv)
	if err != nil {
		return nil, err
	}
	return command, command.Start()
}

// run runs another command in the container's world, to its end.
func (process *process) run(ctx context.Context, log io.Writer, argv []string) error {
	environment, err := process.environment()
	if err != nil {
		return err
	}
	command, err := process.prepare(ctx, log, environment, argv)
	if err != nil {
		return err
	}
	return command.Run()
}

// prepare wraps a command: a process of its own group, mounts and network, that ends with the plane.
func (process *process) prepare(
	ctx context.Context, log io.Writer, environment map[string]string, argv []string,
) (*exec.Cmd, error) {
	root := filepath.Join(process.pod.folder(), "roots", process.spec.Name)
	security := ptr.Deref(process.spec.SecurityContext, v1.SecurityContext{})
	wanted := launch{
		Root: root, ReadOnlyRoot: ptr.Deref(security.ReadOnlyRootFilesystem, false),
		Directory: process.spec.WorkingDir, Argv: argv, Mounts: process.mounts(),
	}
	for name, value := range environment {
		wanted.Environment = append(wanted.Environment, name+"="+value)
	}
	content, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, self(), "container")
	command.Stdin = bytes.NewReader(content) // secrets have no place in a file or in an argument
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{process.pod.network}
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS, Setpgid: true, Pdeathsig: syscall.SIGKILL,
	}
	return command, nil
}

// entrypoint is what stands in for the image where a container names no command: images.json in the
// plane's folder maps an image to the first words of a command. It may be written at any time.
func (process *process) entrypoint() ([]string, error) {
	if len(process.spec.Command) > 0 {
		return nil, nil
	}
	var commands map[string][]string
	path := filepath.Join(process.pod.node.dir, "images.json")
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, &commands)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(commands[process.spec.Image]) == 0 {
		return nil, fmt.Errorf("no command, and %s has none for the image %s", path, process.spec.Image)
	}
	return commands[process.spec.Image], nil
}

// environment is the container's own, and of the host's only where programs are found.
func (process *process) environment() (map[string]string, error) {
	object := process.pod.object.DeepCopy()
	object.Status = *process.pod.status()
	values := map[string]string{
		"PATH": os.Getenv("PATH"), "HOSTNAME": object.Name,
		"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443",
	}
	for _, source := range process.spec.EnvFrom {
		found, err := process.pod.all(source)
		if err != nil {
			return nil, err
		}
		maps.Copy(values, found)
	}
	for _, variable := range process.spec.Env {
		value := expansion.Expand(variable.Value, expansion.MappingFuncFor(values))
		if variable.ValueFrom != nil {
			var err error
			if value, err = process.valueFrom(object, variable.ValueFrom); err != nil {
				return nil, fmt.Errorf("%s: %w", variable.Name, err)
			}
		}
		values[variable.Name] = value
	}
	return values, nil
}

func (process *process) valueFrom(object *v1.Pod, source *v1.EnvVarSource) (string, error) {
	switch {
	case source.FieldRef != nil:
		switch source.FieldRef.FieldPath {
		case "spec.nodeName":
			return nodeName, nil
		case "spec.serviceAccountName":
			return object.Spec.ServiceAccountName, nil
		case "status.hostIP":
			return gateway, nil
		case "status.podIP":
			return object.Status.PodIP, nil
		}
		return fieldpath.ExtractFieldPathAsString(object, source.FieldRef.FieldPath)
	case source.ResourceFieldRef != nil:
		return resource.ExtractContainerResourceValue(source.ResourceFieldRef, process.spec)
	case source.SecretKeyRef != nil:
		return process.pod.one("secret", source.SecretKeyRef.Name, source.SecretKeyRef.Key, source.SecretKeyRef.Optional)
	case source.ConfigMapKeyRef != nil:
		return process.pod.one("configmap", source.ConfigMapKeyRef.Name, source.ConfigMapKeyRef.Key, source.ConfigMapKeyRef.Optional)
	}
	return "", errors.New("the test kubelet has no such source")
}
