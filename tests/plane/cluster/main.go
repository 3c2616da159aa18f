// Command plane starts a real Kubernetes control plane with Argo Rollouts as plain processes, in a
// temporary folder and in namespaces of its own, without a container engine.
//
// It is one binary with many names, because each part of Kubernetes keeps its flags and metrics in
// globals and so needs a process of its own: `plane up` starts itself as `plane etcd …` and so on.
package main

import (
	"fmt"
	"os"
	"runtime"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var own = map[string]func([]string) error{
	"up":        up,
	"inside":    inside,
	"kubelet":   kubelet,
	"services":  services,
	"container": container,
}

// Namespaces, and the signal at a parent's death, belong to a thread: main stays on the first one.
func init() { runtime.LockOSThread() }

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	}
	command, known := own[name]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: plane up [--dir FOLDER] [--pods run|report] [--argocd PROGRAM] | plane kubectl …")
		os.Exit(2)
	}
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "plane %s: %v\n", name, err)
		os.Exit(1)
	}
}
