package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// facts is what `plane up` prints as one line of JSON when the plane answers.
type facts struct {
	Kubeconfig string  `json:"kubeconfig"`
	Server     string  `json:"server"`
	Token      string  `json:"token"`
	CA         string  `json:"ca"`
	Pods       string  `json:"pods"`    // "run": pods are processes; "report": they only say Ready
	Network    string  `json:"network"` // the network namespace to enter; empty: the caller's own
	Dir        string  `json:"dir"`
	Seconds    float64 `json:"seconds"`
}

// up starts the plane and stays until SIGTERM, SIGINT or, if asked for, the end of standard input.
//
// The plane is process 1 of a PID namespace: when it goes, by whatever cause, the kernel ends all
// that it started, and the network namespace goes with the last of them. Nothing is left to clean.
func up(arguments []string) error {
	began := time.Now()
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for data and logs, kept; without it a temporary one, removed")
	pods := flags.String("pods", "run", "run: pods are local processes; report: they only say Ready")
	argocd := flags.String("argocd", "", "the program argocd: it takes part in the plane")
	withStdin := flags.Bool("stop-with-stdin", false, "stop when standard input ends: outlive no parent")
	_ = flags.Parse(arguments)
	if *pods != "run" && *pods != "report" {
		return fmt.Errorf("--pods %q: expected run or report", *pods)
	}
	folder, err := filepath.Abs(*dir)
	if *dir == "" {
		folder, err = os.MkdirTemp("", "plane-")
		defer func() { _ = os.RemoveAll(folder) }()
	}
	if err != nil {
		return err
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if *withStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop <- syscall.SIGTERM
		}()
	}
	plane, answers, err := startInside(folder, *pods, *argocd)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		var said facts
		if err := json.NewDecoder(answers).Decode(&said); err == nil {
			if said.Network != "" {
				said.Network = fmt.Sprintf("/proc/%d/ns/net", plane.Process.Pid)
			}
			said.Seconds = time.Since(began).Seconds()
			_ = json.NewEncoder(os.Stdout).Encode(said)
		}
		ended <- plane.Wait()
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("the plane ended by itself (%v); its logs are in %s/logs", err, folder)
	case <-stop:
		_ = plane.Process.Signal(syscall.SIGTERM)
		return <-ended
	}
}

// startInside starts `plane inside` in namespaces of its own or, without the right to make them,
// in the caller's, where pods can only report.
func startInside(folder, pods, argocd string) (*exec.Cmd, io.Reader, error) {
	start := func(pods string, isolated bool, namespaces uintptr) (*exec.Cmd, io.Reader, error) {
		command := exec.Command(self(), "inside", "--dir", folder, "--pods", pods,
			"--argocd", argocd, fmt.Sprintf("--isolated=%v", isolated))
		command.Stderr = os.Stderr
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags: namespaces,
			Setpgid:    true, // an interrupt at the terminal is for `up`, which stops in order
			Pdeathsig:  syscall.SIGKILL,
		}
		output, err := command.StdoutPipe()
		if err != nil {
			return nil, nil, err
		}
		return command, output, command.Start()
	}
	command, output, err := start(pods, true, syscall.CLONE_NEWNET|syscall.CLONE_NEWPID|syscall.CLONE_NEWNS)
	if errors.Is(err, syscall.EPERM) {
		if argocd != "" {
			return nil, nil, errors.New("no right to make namespaces (root has it), and Argo CD wants a network of its own")
		}
		fmt.Fprintln(os.Stderr, "plane: no right to make namespaces (root has it); pods only report")
		return start("report", false, 0)
	}
	return command, output, err
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err) // there is no /proc
	}
	return path
}
