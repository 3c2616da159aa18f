package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const nodeName = "plane"

// node is the test kubelet: it runs the pods that the scheduler bound to it as local processes.
type node struct {
	client    kubernetes.Interface
	dir       string
	run       bool // false: pods only report Ready
	addresses atomic.Uint32
	mutex     sync.Mutex
	pods      map[types.UID]*pod
}

func kubelet(arguments []string) error {
	flags := flag.NewFlagSet("kubelet", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	dir := flags.String("dir", "", "")
	pods := flags.String("pods", "", "")
	_ = flags.Parse(arguments)
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1 // a thousand pods at once must not wait for a client's manners
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	node := &node{
		client: kubernetes.NewForConfigOrDie(config),
		dir:    *dir,
		run:    *pods == "run",
		pods:   map[types.UID]*pod{},
	}
	if err := os.MkdirAll(node.logs(), 0o700); err != nil {
		return err
	}
	if err := node.register(ctx); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(node.client, 0,
		informers.WithTweakListOptions(func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", nodeName).String()
		}))
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { node.seen(object.(*v1.Pod)) },
		UpdateFunc: func(_, object any) { node.seen(object.(*v1.Pod)) },
		DeleteFunc: func(object any) {
			if unknown, missed := object.(cache.DeletedFinalStateUnknown); missed {
				object = unknown.Obj
			}
			node.gone(object.(*v1.Pod).UID)
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	node.stop()
	return nil
}

func (node *node) logs() string { return filepath.Join(node.dir, "logs", "pods") }

func (node *node) register(ctx context.Context) error {
	resources := v1.ResourceList{"nvidia.com/gpu": resource.MustParse("8")}
	for name, quantity := range map[v1.ResourceName]string{
		v1.ResourceCPU: "4000", v1.ResourceMemory: "4000Gi", v1.ResourceEphemeralStorage: "4000Gi", v1.ResourcePods: "4000",
	} {
		resources[name] = resource.MustParse(quantity)
	}
	_, err := node.client.CoreV1().Nodes().Create(ctx, &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{
			v1.LabelHostname: nodeName, v1.LabelOSStable: "linux", v1.LabelArchStable: "amd64", v1.LabelTopologyZone: "plane",
		}},
		Status: v1.NodeStatus{
			Capacity: resources, Allocatable: resources,
			Conditions: []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "TestKubelet"}},
			Addresses:  []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: gateway}},
		},
	}, metav1.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil // a test kubelet that was killed and started again
	}
	return err
}

// seen starts a pod that is new and ends one that is to be deleted.
func (node *node) seen(object *v1.Pod) {
	node.mutex.Lock()
	defer node.mutex.Unlock()
	this, known := node.pods[object.UID]
	if !known {
		if object.Status.Phase == v1.PodSucceeded || object.Status.Phase == v1.PodFailed {
			if object.DeletionTimestamp != nil {
				go node.remove(object)
			}
			return
		}
		this = newPod(node, object)
		node.pods[object.UID] = this
		go this.live()
	}
	if object.DeletionTimestamp != nil {
		this.end(time.Duration(*object.DeletionGracePeriodSeconds) * time.Second)
	}
}

// gone ends what was deleted without grace.
func (node *node) gone(uid types.UID) {
	node.mutex.Lock()
	defer node.mutex.Unlock()
	if this, known := node.pods[uid]; known {
		this.end(0)
		delete(node.pods, uid)
	}
}

// remove tells the API server that nothing of the pod is left.
func (node *node) remove(object *v1.Pod) {
	options := metav1.NewPreconditionDeleteOptions(string(object.UID))
	options.GracePeriodSeconds = new(int64)
	err := node.client.CoreV1().Pods(object.Namespace).Delete(context.Background(), object.Name, *options)
	if err != nil && !errors.IsNotFound(err) && !errors.IsConflict(err) {
		fmt.Printf("%s/%s is not removed: %v\n", object.Namespace, object.Name, err)
	}
}

// stop ends all pods; nothing is reported, as the API server goes next.
func (node *node) stop() {
	node.mutex.Lock()
	defer node.mutex.Unlock()
	for _, this := range node.pods {
		this.end(2 * time.Second)
	}
	for _, this := range node.pods {
		<-this.ended
	}
}
