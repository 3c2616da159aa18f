package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// process is one container of a pod: its command, started on the host again and again as its
// restart policy says. The pod's mutex guards status, final and leader.
type process struct {
	pod    *pod
	spec   *v1.Container
	status v1.ContainerStatus
	final  bool // it isn't started again
	leader *os.Process
}

func newProcess(pod *pod, spec *v1.Container) *process {
	return &process{pod: pod, spec: spec, status: v1.ContainerStatus{
		Name: spec.Name, Image: spec.Image, ImageID: spec.Image, Started: ptr.To(false),
		State: waiting("PodInitializing", ""),
	}}
}

// keep runs the container until it ends for good, and says whether it succeeded.
func (process *process) keep(policy v1.RestartPolicy) bool {
	pause := time.Second
	for {
		state := process.once()
		code := state.Terminated.ExitCode
		again := policy == v1.RestartPolicyAlways || policy == v1.RestartPolicyOnFailure && code != 0
		final := !again || process.pod.ctx.Err() != nil
		process.pod.change(func() {
			process.leader = nil
			process.final = final
			process.status.Started = ptr.To(false)
			process.status.Ready = final && code == 0 && slices.Contains(process.pod.init, process)
			process.status.State = state
			if !final {
				process.status.LastTerminationState = state
				process.status.State = waiting("CrashLoopBackOff", fmt.Sprintf("started again in %s", pause))
				process.status.RestartCount++
			}
		})
		if final {
			return code == 0
		}
		select {
		case <-process.pod.ctx.Done():
			return false
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Second)
	}
}

// once starts the command, probes it, and waits for its end or brings it about.
func (process *process) once() v1.ContainerState {
	began := metav1.Now()
	log, err := os.OpenFile(process.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return terminated(128, began, err.Error())
	}
	defer log.Close()
	command, err := process.start(log)
	if err != nil {
		return terminated(128, began, err.Error())
	}
	process.pod.change(func() {
		process.leader = command.Process
		process.runs(fmt.Sprint(command.Process.Pid))
	})
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	watched, unwatch := context.WithCancel(process.pod.ctx)
	defer unwatch()
	sick := make(chan string, 2)
	go process.watch(watched, sick)
	cause := ""
	select {
	case <-ended:
	case cause = <-sick:
		end(command.Process, ended, process.pod.patience())
	case <-process.pod.ctx.Done():
		deadline := time.Now().Add(process.pod.patience())
		process.sayGoodbye(deadline)
		end(command.Process, ended, time.Until(deadline))
	}
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // what it left behind
	return terminated(exitCode(command.ProcessState), began, cause+process.lastWords(command.ProcessState))
}

// sayGoodbye runs the preStop hook, for as long as the grace lasts.
func (process *process) sayGoodbye(deadline time.Time) {
	if process.spec.Lifecycle == nil || process.spec.Lifecycle.PreStop == nil {
		return
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	hook := process.spec.Lifecycle.PreStop
	if hook.Sleep != nil {
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(hook.Sleep.Seconds) * time.Second):
		}
		return
	}
	_ = process.attempt(ctx, v1.ProbeHandler{Exec: hook.Exec, HTTPGet: hook.HTTPGet})
}

func (process *process) runs(id string) {
	process.status.State = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.Now()}}
	process.status.ContainerID = "process://" + id
}

func (process *process) finishes() {
	process.status.State = terminated(0, metav1.Now(), "")
	process.final = true
}

// kill is for a deletion without grace; the mutex is held.
func (process *process) kill() {
	if process.leader != nil {
		_ = syscall.Kill(-process.leader.Pid, syscall.SIGKILL)
	}
}

func (process *process) log() string {
	object := process.pod.object
	name := fmt.Sprintf("%s_%s_%s.log", object.Namespace, object.Name, process.spec.Name)
	return filepath.Join(process.pod.node.logs(), name)
}

// lastWords are the end of the log of a container that failed: what a person looks for first.
func (process *process) lastWords(state *os.ProcessState) string {
	if state.Success() {
		return ""
	}
	content, _ := os.ReadFile(process.log())
	return string(content[max(0, len(content)-2000):])
}

// exitCode is 128 and the signal's number for what a signal ended, as shells and kubelets count.
func exitCode(state *os.ProcessState) int32 {
	if status, known := state.Sys().(syscall.WaitStatus); known && status.Signaled() {
		return 128 + int32(status.Signal())
	}
	return int32(state.ExitCode())
}
