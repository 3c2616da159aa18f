package main

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// status is what the test kubelet says of a pod, in the words of the real one.
func (pod *pod) status() *v1.PodStatus {
	pod.mutex.Lock()
	defer pod.mutex.Unlock()
	status := &v1.PodStatus{
		Phase: pod.phase(), StartTime: &pod.began, HostIP: gateway,
		InitContainerStatuses: statuses(pod.init), ContainerStatuses: statuses(pod.main),
	}
	if pod.address != "" {
		status.PodIP, status.PodIPs = pod.address, []v1.PodIP{{IP: pod.address}}
	}
	ready := pod.initDone
	for _, process := range pod.main {
		ready = ready && process.status.Ready
	}
	for kind, holds := range map[v1.PodConditionType]bool{
		v1.PodReadyToStartContainers: pod.address != "", v1.PodInitialized: pod.initDone,
		v1.ContainersReady: ready, v1.PodReady: ready,
	} {
		status.Conditions = append(status.Conditions, pod.condition(kind, holds))
	}
	return status
}

func (pod *pod) phase() v1.PodPhase {
	if pod.node.run && !pod.initDone {
		for _, process := range pod.init {
			failed := process.status.State.Terminated
			if failed != nil && failed.ExitCode != 0 && pod.object.Spec.RestartPolicy == v1.RestartPolicyNever {
				return v1.PodFailed
			}
		}
		return v1.PodPending
	}
	phase := v1.PodSucceeded
	for _, process := range pod.main {
		ended := process.status.State.Terminated
		if ended == nil || !process.final {
			return v1.PodRunning
		}
		if ended.ExitCode != 0 {
			phase = v1.PodFailed
		}
	}
	return phase
}

// condition keeps the time at which it changed: minReadySeconds counts from there.
func (pod *pod) condition(kind v1.PodConditionType, holds bool) v1.PodCondition {
	value := v1.ConditionFalse
	if holds {
		value = v1.ConditionTrue
	}
	condition, known := pod.conditions[kind]
	if !known || condition.Status != value {
		condition = v1.PodCondition{Type: kind, Status: value, LastTransitionTime: metav1.Now()}
		pod.conditions[kind] = condition
	}
	return condition
}

func statuses(processes []*process) []v1.ContainerStatus {
	var all []v1.ContainerStatus
	for _, process := range processes {
		all = append(all, *process.status.DeepCopy())
	}
	return all
}

func terminated(code int32, began metav1.Time, message string) v1.ContainerState {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	return v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, StartedAt: began, FinishedAt: metav1.Now(),
	}}
}

func waiting(reason, message string) v1.ContainerState {
	return v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: message}}
}
