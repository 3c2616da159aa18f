package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// part is one process of the plane.
type part struct {
	name        string
	argv        []string
	environment []string // nil: the plane's
	log         string
}

// running is a part with what stops it.
type running struct {
	stop  chan struct{}
	ended chan struct{}
}

// parts in the order in which they were started.
type parts []*running

// start keeps a part running: one that dies, or is killed by a test, is started again.
func (all *parts) start(part part) {
	this := &running{stop: make(chan struct{}), ended: make(chan struct{})}
	*all = append(*all, this)
	go func() {
		defer close(this.ended)
		for {
			if err := part.once(this.stop); err != nil {
				fmt.Fprintf(os.Stderr, "plane: %s: %v\n", part.name, err)
			}
			select {
			case <-this.stop:
				return
			case <-time.After(300 * time.Millisecond):
				fmt.Fprintf(os.Stderr, "plane: %s is started again; log: %s\n", part.name, part.log)
			}
		}
	}()
}

// once runs the part until it ends or stop is closed; then it has five seconds.
func (part part) once(stop <-chan struct{}) error {
	log, err := os.OpenFile(part.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(part.argv[0], part.argv[1:]...)
	command.Env = part.environment
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-stop:
		end(command.Process, ended, 5*time.Second)
		return nil
	}
}

// end asks a process to end, and after the grace kills it and its group.
func end(process *os.Process, ended <-chan error, grace time.Duration) {
	_ = process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(grace):
		_ = syscall.Kill(-process.Pid, syscall.SIGKILL)
		<-ended
	}
}

func (all parts) stop() {
	for index := len(all) - 1; index >= 0; index-- {
		close(all[index].stop)
		<-all[index].ended
	}
}
