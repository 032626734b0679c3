package mariadbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const startTimeout = 60 * time.Second

// A Server is a running mariadbd.
type Server struct {
	dir     string
	socket  string
	process *os.Process
	exited  chan struct{} // closed when the process has been waited for
	sweeper io.Closer     // closing it makes the sweeper remove dir
	swept   chan struct{} // closed when the sweeper has removed dir
}

// start makes a data directory from the template, starts mariadbd on it and waits until it answers.
func start() (*Server, error) {
	template, err := templateDir()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: a socket's path is limited to 107 bytes.
	dir, err := os.MkdirTemp("/tmp", "pb")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "data"), os.DirFS(template)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &Server{dir: dir, socket: filepath.Join(dir, "s"), exited: make(chan struct{}), swept: make(chan struct{})}
	if err := s.launch(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.sweep(); err != nil {
		_ = s.process.Kill()
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.awaitAnswer(); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // what there is of it
		s.end()
		return nil, fmt.Errorf("%w; its log:\n%s", err, log)
	}
	return s, nil
}

func (s *Server) launch() error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.Background(), "mariadbd", "--no-defaults", "--user="+me.Username, "--skip-networking",
		"--datadir="+filepath.Join(s.dir, "data"), "--socket="+s.socket,
		"--pid-file="+filepath.Join(s.dir, "pid"), "--log-error="+filepath.Join(s.dir, "log"),
		logFileSize, "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
		"--character-set-server=utf8mb4", "--skip-name-resolve")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}

	started := make(chan error)
	go func() {
		// Pdeathsig is sent when the *thread* that started the child ends, so that thread must
		// not end, nor be handed back, before the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		s.process = cmd.Process
		started <- nil
		_ = cmd.Wait() // it is killed, so its exit status says nothing
		close(s.exited)
	}()
	return <-started
}

// sweep starts a process that removes the server's files once our end of its stdin is closed: by
// us, or by the kernel when the test binary is gone.
func (s *Server) sweep() error {
	const script = `read _; kill -9 "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.05; done; rm -rf "$2"`
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", script, "sweeper", strconv.Itoa(s.process.Pid), s.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is not for it
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.sweeper = stdin
	go func() {
		_ = cmd.Wait()
		close(s.swept)
	}()
	return nil
}

func (s *Server) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		if _, err := os.Stat(s.socket); err == nil {
			if err = s.exec(ctx, "DO 1"); err == nil {
				return nil
			}
		}
		select {
		case <-s.exited:
			return errors.New("mariadbd ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("mariadbd does not answer after %v", startTimeout)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Pause stops the server in mid-sentence (SIGSTOP): connections stay open and nothing answers.
func (s *Server) Pause(t testing.TB) {
	t.Helper()
	if err := s.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatalf("mariadbtest: pause: %v", err)
	}
	// The signal stops one thread after the other; until the last has stopped, a query may be answered.
	for deadline := time.Now().Add(10 * time.Second); !s.stopped(t); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("mariadbtest: pause: the server goes on")
		}
	}
}

// stopped reports whether every thread of the server has stopped (proc(5): state T).
func (s *Server) stopped(t testing.TB) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.process.Pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("mariadbtest: pause: no threads of process %d: %v", s.process.Pid, err)
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if errors.Is(err, os.ErrNotExist) {
			continue // a thread that has ended meanwhile
		}
		if err != nil {
			t.Fatalf("mariadbtest: pause: %v", err)
		}
		_, rest, found := strings.Cut(string(stat), ") ")
		if !found || !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return true
}

// Resume undoes Pause.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatalf("mariadbtest: resume: %v", err)
	}
}

// Kill ends the server for good: connections break, and new ones are refused.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.process.Kill(); err != nil {
		t.Fatalf("mariadbtest: kill: %v", err)
	}
	<-s.exited
}

func (s *Server) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// end stops the server and waits until its files are gone.
func (s *Server) end() {
	_ = s.process.Kill() // fails only when it has ended already
	<-s.exited
	_ = s.sweeper.Close()
	<-s.swept
}
