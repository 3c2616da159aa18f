package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	authentication "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	api "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
)

const refreshEvery = time.Second // the real kubelet takes about a minute

// volume is where a pod's volume lies on the host.
func (pod *pod) volume(name string) string {
	for _, volume := range pod.object.Spec.Volumes {
		if volume.Name == name && volume.HostPath != nil {
			return volume.HostPath.Path
		}
	}
	return filepath.Join(pod.folder(), "volumes", name)
}

func (process *process) mounts() []bind {
	var binds []bind
	for _, name := range []string{"hosts", "resolv.conf"} {
		binds = append(binds, bind{Source: filepath.Join(process.pod.node.dir, name), Target: "/etc/" + name})
	}
	for _, mount := range process.spec.VolumeMounts {
		binds = append(binds, bind{
			Source: filepath.Join(process.pod.volume(mount.Name), mount.SubPath), Target: mount.MountPath, ReadOnly: mount.ReadOnly,
		})
	}
	for _, folder := range process.pod.node.kept() {
		binds = append(binds, bind{Source: folder, Target: folder})
	}
	return binds
}

// kept are folders of the host that stand in for what images hold, whatever volume lies over them.
func (node *node) kept() []string {
	var folders []string
	if content, err := os.ReadFile(filepath.Join(node.dir, "keep.json")); err == nil {
		_ = json.Unmarshal(content, &folders)
	}
	return folders
}

// refreshing brings later changes of ConfigMaps and Secrets into the pod's volumes until what it
// returns is called. What can't be read stays as it was.
func (pod *pod) refreshing() func() {
	ctx, cancel := context.WithCancel(pod.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(refreshEvery):
			}
			for _, volume := range pod.object.Spec.Volumes {
				if volume.ConfigMap != nil || volume.Secret != nil {
					_ = pod.fill(volume)
				}
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// fill makes one volume, or makes it what it would be by now.
func (pod *pod) fill(volume v1.Volume) error {
	source := volume.VolumeSource
	folder := pod.volume(volume.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	switch {
	case source.HostPath != nil, source.EmptyDir != nil:
		return nil
	case source.ConfigMap != nil:
		values, err := pod.values("configmap", source.ConfigMap.Name, source.ConfigMap.Optional)
		return mirror(folder, values, source.ConfigMap.Items, err)
	case source.Secret != nil:
		values, err := pod.values("secret", source.Secret.SecretName, source.Secret.Optional)
		return mirror(folder, values, source.Secret.Items, err)
	case source.DownwardAPI != nil:
		return pod.describe(folder, source.DownwardAPI.Items)
	case source.Projected != nil:
		for _, part := range source.Projected.Sources {
			if err := pod.project(folder, part); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("the test kubelet has no such volume")
}

func (pod *pod) project(folder string, part v1.VolumeProjection) error {
	switch {
	case part.ConfigMap != nil:
		values, err := pod.values("configmap", part.ConfigMap.Name, part.ConfigMap.Optional)
		return write(folder, values, part.ConfigMap.Items, err)
	case part.Secret != nil:
		values, err := pod.values("secret", part.Secret.Name, part.Secret.Optional)
		return write(folder, values, part.Secret.Items, err)
	case part.DownwardAPI != nil:
		return pod.describe(folder, part.DownwardAPI.Items)
	case part.ServiceAccountToken != nil:
		token, err := pod.token(part.ServiceAccountToken)
		return write(folder, map[string][]byte{part.ServiceAccountToken.Path: []byte(token)}, nil, err)
	}
	return errors.New("the test kubelet has no such projection")
}

// token is one that the API server believes to come from this pod.
func (pod *pod) token(asked *v1.ServiceAccountTokenProjection) (string, error) {
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: asked.ExpirationSeconds,
		BoundObjectRef: &authentication.BoundObjectReference{
			APIVersion: "v1", Kind: "Pod", Name: pod.object.Name, UID: pod.object.UID,
		},
	}}
	if asked.Audience != "" {
		request.Spec.Audiences = []string{asked.Audience}
	}
	account := pod.object.Spec.ServiceAccountName
	answer, err := pod.node.client.CoreV1().ServiceAccounts(pod.object.Namespace).CreateToken(
		context.Background(), account, request, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return answer.Status.Token, nil
}

func (pod *pod) describe(folder string, items []v1.DownwardAPIVolumeFile) error {
	values := map[string][]byte{}
	for _, item := range items {
		if item.FieldRef == nil {
			return errors.New("the test kubelet describes fields only")
		}
		value, err := fieldpath.ExtractFieldPathAsString(pod.object, item.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		values[item.Path] = []byte(value)
	}
	return write(folder, values, nil, nil)
}

// values are those of a Secret or a ConfigMap.
func (pod *pod) values(kind, name string, optional *bool) (map[string][]byte, error) {
	values := map[string][]byte{}
	var err error
	if kind == "secret" {
		var found *v1.Secret
		if found, err = pod.node.client.CoreV1().Secrets(pod.object.Namespace).Get(context.Background(), name, metav1.GetOptions{}); err == nil {
			values = found.Data
		}
	} else {
		var found *v1.ConfigMap
		if found, err = pod.node.client.CoreV1().ConfigMaps(pod.object.Namespace).Get(context.Background(), name, metav1.GetOptions{}); err == nil {
			for key, value := range found.Data {
				values[key] = []byte(value)
			}
			for key, value := range found.BinaryData {
				values[key] = value
			}
		}
	}
	if api.IsNotFound(err) && optional != nil && *optional {
		return values, nil
	}
	return values, err
}

// one is the value of one key.
func (pod *pod) one(kind, name, key string, optional *bool) (string, error) {
	values, err := pod.values(kind, name, optional)
	if err != nil {
		return "", err
	}
	value, known := values[key]
	if !known && (optional == nil || !*optional) {
		return "", fmt.Errorf("%s %s has no key %s", kind, name, key)
	}
	return string(value), nil
}

// all are the variables that a whole Secret or ConfigMap gives.
func (pod *pod) all(source v1.EnvFromSource) (map[string]string, error) {
	var values map[string][]byte
	var err error
	if source.SecretRef != nil {
		values, err = pod.values("secret", source.SecretRef.Name, source.SecretRef.Optional)
	} else if source.ConfigMapRef != nil {
		values, err = pod.values("configmap", source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
	}
	found := map[string]string{}
	for key, value := range values {
		found[source.Prefix+key] = string(value)
	}
	return found, err
}

// mirror writes, and removes files that come from no value any more.
func mirror(folder string, values map[string][]byte, items []v1.KeyToPath, err error) error {
	if err := write(folder, values, items, err); err != nil || len(items) > 0 {
		return err
	}
	files, err := os.ReadDir(folder)
	for _, file := range files {
		if _, known := values[file.Name()]; !known {
			err = errors.Join(err, os.Remove(filepath.Join(folder, file.Name())))
		}
	}
	return err
}

// write makes a file of each value, or of those that items name. No file is ever seen half-written.
func write(folder string, values map[string][]byte, items []v1.KeyToPath, err error) error {
	if err != nil {
		return err
	}
	if len(items) == 0 {
		for key := range values {
			items = append(items, v1.KeyToPath{Key: key, Path: key})
		}
	}
	for _, item := range items {
		content, known := values[item.Key]
		if !known {
			return fmt.Errorf("there is no key %s", item.Key)
		}
		path := filepath.Join(folder, item.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, content) {
			continue
		}
		fresh := filepath.Join(filepath.Dir(path), ".new-"+filepath.Base(path))
		if err := os.WriteFile(fresh, content, 0o644); err != nil {
			return err
		}
		if err := os.Rename(fresh, path); err != nil {
			return err
		}
	}
	return nil
}
