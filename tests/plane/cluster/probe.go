package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/probe"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	tcpprobe "k8s.io/kubernetes/pkg/probe/tcp"
	"k8s.io/utils/ptr"
)

// watch probes a running container: startup first, then readiness and liveness side by side. What
// failed its startup or liveness probe too often is said to be sick.
func (process *process) watch(ctx context.Context, sick chan<- string) {
	if startup := process.spec.StartupProbe; startup != nil {
		started := false
		process.poll(ctx, startup, func(passed bool, err error) bool {
			started = passed
			if !passed {
				sick <- fmt.Sprintf("startup probe: %v\n", err)
			}
			return false
		})
		if !started {
			return
		}
	}
	readiness := process.spec.ReadinessProbe
	process.settle(ctx, func() {
		process.status.Started = ptr.To(true)
		process.status.Ready = readiness == nil
	})
	if liveness := process.spec.LivenessProbe; liveness != nil {
		go process.poll(ctx, liveness, func(passed bool, err error) bool {
			if !passed {
				sick <- fmt.Sprintf("liveness probe: %v\n", err)
			}
			return passed
		})
	}
	if readiness != nil {
		process.poll(ctx, readiness, func(passed bool, _ error) bool {
			process.settle(ctx, func() { process.status.Ready = passed })
			return true
		})
	}
}

// settle is change for a container that still runs: a late probe must not speak of the next one.
func (process *process) settle(ctx context.Context, alter func()) {
	process.pod.change(func() {
		if ctx.Err() == nil && process.status.State.Running != nil {
			alter()
		}
	})
}

// poll probes at its period, and tells what a threshold of equal answers in a row says, while told
// to go on.
func (process *process) poll(ctx context.Context, probe *v1.Probe, tell func(bool, error) bool) {
	wait := time.Duration(probe.InitialDelaySeconds) * time.Second
	passes, failures := int32(0), int32(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = time.Duration(probe.PeriodSeconds) * time.Second
		limited, cancel := context.WithTimeout(ctx, time.Duration(probe.TimeoutSeconds)*time.Second)
		err := process.attempt(limited, probe.ProbeHandler)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			passes, failures = passes+1, 0
		} else {
			passes, failures = 0, failures+1
		}
		if passes >= probe.SuccessThreshold && !tell(true, nil) || failures >= probe.FailureThreshold && !tell(false, err) {
			return
		}
	}
}

// attempt is one probe or hook, by the prober of the real kubelet.
func (process *process) attempt(ctx context.Context, handler v1.ProbeHandler) error {
	deadline, _ := ctx.Deadline()
	left := time.Until(deadline)
	var result probe.Result
	var said string
	var err error
	switch {
	case handler.HTTPGet != nil:
		request, invalid := httpprobe.NewRequestForHTTPGetAction(handler.HTTPGet, process.spec, process.pod.address, "probe")
		if invalid != nil {
			return invalid
		}
		result, said, err = httpprobe.New(false).Probe(request, left)
	case handler.TCPSocket != nil:
		port, invalid := probe.ResolveContainerPort(handler.TCPSocket.Port, process.spec)
		if invalid != nil {
			return invalid
		}
		result, said, err = tcpprobe.New().Probe(process.pod.address, port, left)
	case handler.Exec != nil:
		return process.run(ctx, io.Discard, handler.Exec.Command)
	default:
		return errors.New("the test kubelet has no such probe")
	}
	if err == nil && result != probe.Success {
		err = errors.New(said)
	}
	return err
}
