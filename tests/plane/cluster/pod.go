package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// pod is one pod from the moment it is bound until nothing of it is left.
type pod struct {
	node    *node
	object  *v1.Pod
	address string
	network *os.File

	ctx    context.Context // done when the pod is to end, within its grace
	cancel context.CancelFunc
	ended  chan struct{}

	sending sync.Mutex // one report at a time, the latest last
	sent    *v1.PodStatus

	mutex      sync.Mutex // guards what follows
	grace      time.Duration
	init, main []*process // the slices and specs don't change, their states do
	initDone   bool
	began      metav1.Time
	conditions map[v1.PodConditionType]v1.PodCondition
}

func newPod(node *node, object *v1.Pod) *pod {
	this := &pod{
		node: node, object: object,
		ended: make(chan struct{}), began: metav1.Now(), conditions: map[v1.PodConditionType]v1.PodCondition{},
	}
	this.ctx, this.cancel = context.WithCancel(context.Background())
	for index := range object.Spec.InitContainers {
		this.init = append(this.init, newProcess(this, &object.Spec.InitContainers[index]))
	}
	for index := range object.Spec.Containers {
		this.main = append(this.main, newProcess(this, &object.Spec.Containers[index]))
	}
	return this
}

// live runs or reports the pod and, once it is to be deleted, tells that it is gone.
func (pod *pod) live() {
	defer close(pod.ended)
	if pod.node.run {
		pod.work()
	} else {
		pod.report()
	}
	<-pod.ctx.Done() // what has finished stays to be read until somebody deletes it
	_ = os.RemoveAll(pod.folder())
	pod.node.remove(pod.object)
}

// end gives the pod its grace to end; without grace it is killed, even while a grace runs.
func (pod *pod) end(grace time.Duration) {
	pod.mutex.Lock()
	defer pod.mutex.Unlock()
	if pod.ctx.Err() == nil {
		pod.grace = grace
		pod.cancel()
	}
	if grace == 0 {
		for _, process := range pod.processes() {
			process.kill()
		}
	}
}

func (pod *pod) folder() string {
	return filepath.Join(pod.node.dir, "pods", string(pod.object.UID))
}

func (pod *pod) processes() []*process { return append(slices.Clone(pod.init), pod.main...) }

// patience is the grace of a pod that is to be deleted, or of one that is to be started again.
func (pod *pod) patience() time.Duration {
	pod.mutex.Lock()
	defer pod.mutex.Unlock()
	if pod.ctx.Err() != nil {
		return pod.grace
	}
	return time.Duration(ptr.Deref(pod.object.Spec.TerminationGracePeriodSeconds, 30)) * time.Second
}

// report says what a pod that runs would say; one that should come to an end has done so.
func (pod *pod) report() {
	pod.change(func() {
		pod.address = podAddress(pod.node.addresses.Add(1))
		pod.initDone = true
		for _, process := range pod.init {
			process.finishes()
			process.status.Ready = true
		}
		for _, process := range pod.main {
			if pod.object.Spec.RestartPolicy == v1.RestartPolicyAlways {
				process.runs("report")
				process.status.Ready, process.status.Started = true, ptr.To(true)
			} else {
				process.finishes()
			}
		}
	})
}

// work runs the init containers one after the other, then all others until they end for good.
func (pod *pod) work() {
	if !pod.furnish() {
		return
	}
	defer pod.network.Close()
	defer pod.refreshing()()
	policy := pod.object.Spec.RestartPolicy
	initPolicy := policy
	if policy == v1.RestartPolicyAlways {
		initPolicy = v1.RestartPolicyOnFailure
	}
	for _, process := range pod.init {
		if pod.ctx.Err() != nil || !process.keep(initPolicy) {
			return
		}
	}
	if pod.ctx.Err() != nil {
		return
	}
	pod.change(func() { pod.initDone = true })
	var all sync.WaitGroup
	for _, process := range pod.main {
		all.Add(1)
		go func() {
			defer all.Done()
			process.keep(policy)
		}()
	}
	all.Wait()
}

// furnish makes the pod's network and volumes, and waits for what they need: a Secret, say, that
// comes later. False: the pod is to end before that.
func (pod *pod) furnish() bool {
	for {
		err := pod.tryToFurnish()
		if err == nil {
			return true
		}
		pod.change(func() {
			for _, process := range pod.processes() {
				process.status.State = waiting("ContainerCreating", err.Error())
			}
		})
		select {
		case <-pod.ctx.Done():
			return false
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (pod *pod) tryToFurnish() error {
	if pod.network == nil {
		handle, address, err := podNetwork(pod.node.addresses.Add(1))
		if err != nil {
			return err
		}
		pod.network = os.NewFile(uintptr(handle), "network")
		pod.change(func() { pod.address = address })
	}
	for _, volume := range pod.object.Spec.Volumes {
		if err := pod.fill(volume); err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
	}
	return nil
}

// change alters what the pod says of itself, and says it.
func (pod *pod) change(alter func()) {
	pod.mutex.Lock()
	alter()
	pod.mutex.Unlock()
	pod.sending.Lock()
	defer pod.sending.Unlock()
	status := pod.status()
	if equality.Semantic.DeepEqual(status, pod.sent) {
		return
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.object.UID}, "status": status})
	if err != nil {
		panic(err)
	}
	for {
		_, err := pod.node.client.CoreV1().Pods(pod.object.Namespace).Patch(context.Background(),
			pod.object.Name, types.StrategicMergePatchType, body, metav1.PatchOptions{}, "status")
		if err == nil || errors.IsNotFound(err) || errors.IsConflict(err) || pod.ctx.Err() != nil {
			break
		}
		time.Sleep(300 * time.Millisecond) // an API server that was killed comes back
	}
	pod.sent = status
}
