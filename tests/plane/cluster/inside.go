package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// inside is the plane itself: it starts the parts in order, says so, and stops them in reverse.
func inside(arguments []string) error {
	flags := flag.NewFlagSet("inside", flag.ExitOnError)
	dir := flags.String("dir", "", "")
	pods := flags.String("pods", "", "")
	isolated := flags.Bool("isolated", false, "")
	argocd := flags.String("argocd", "", "")
	_ = flags.Parse(arguments)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	settings, err := prepare(*dir, *pods, *isolated)
	if err != nil {
		return err
	}
	settings.argocd = *argocd
	if *isolated {
		if err := ownMounts(settings.hosts()); err != nil {
			return err
		}
		if err := planeNetwork(); err != nil {
			return err
		}
	}
	var running parts
	defer func() { running.stop() }()
	if err := startAll(ctx, settings, &running); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(settings.facts()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// ownMounts keeps what the plane mounts from the host, shows it its own processes, and gives it the
// names of its own services.
func ownMounts(hosts string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	return syscall.Mount(hosts, "/etc/hosts", "", syscall.MS_BIND, "")
}

func startAll(ctx context.Context, settings *settings, running *parts) error {
	running.start(settings.etcd())
	running.start(settings.apiserver())
	config, err := clientcmd.BuildConfigFromFlags("", settings.kubeconfig)
	if err != nil {
		return err
	}
	client := kubernetes.NewForConfigOrDie(config)
	if err := until(ctx, func(ctx context.Context) bool {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil
	}); err != nil {
		return err
	}
	running.start(settings.controllerManager())
	running.start(settings.scheduler())
	running.start(settings.kubelet())
	if settings.isolated {
		running.start(settings.services())
	}
	if err := settings.install(ctx, filepath.Dir(self())); err != nil {
		return err
	}
	running.start(settings.rollouts())
	if settings.argocd != "" {
		if err := settings.install(ctx, filepath.Dir(settings.argocd)); err != nil {
			return err
		}
		argocd, err := settings.argoCD()
		if err != nil {
			return err
		}
		for _, part := range argocd {
			running.start(part)
		}
	}
	// Pods are refused before the controller manager has made the account that they run as.
	return until(ctx, func(ctx context.Context) bool {
		_, account := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		_, node := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		return account == nil && node == nil
	})
}

func until(ctx context.Context, condition func(context.Context) bool) error {
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 2*time.Minute, true,
		func(ctx context.Context) (bool, error) { return condition(ctx), nil })
}

// install creates the kinds of an Argo project, and then the objects that it wants to find.
func (set *settings) install(ctx context.Context, from string) error {
	if err := set.kubectl(ctx, "create", "-f", filepath.Join(from, "crds")); err != nil {
		return err
	}
	// kubectl refuses to wait for what has no conditions yet.
	if err := until(ctx, func(ctx context.Context) bool {
		return set.kubectl(ctx, "wait", "--for=condition=Established", "crd", "--all") == nil
	}); err != nil {
		return err
	}
	objects := filepath.Join(from, "install.yaml")
	if _, err := os.Stat(objects); err != nil {
		return nil // Argo Rollouts wants none
	}
	return set.kubectl(ctx, "create", "-f", objects)
}
