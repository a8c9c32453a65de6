/* The least that a journaled step can cost: `floor N FILE` runs `sh -c true` N times, each in a terminal of its own
 * whose output is read to its end, with a durable line of 300 bytes in FILE before and after it. */
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void journal(int file)
{
    char line[300];
    memset(line, '-', sizeof line);
    line[sizeof line - 1] = '\n';
    if (write(file, line, sizeof line) != sizeof line || fdatasync(file) != 0)
        give_up("journal");
}

static void step(void)
{
    struct winsize size = {.ws_row = 36, .ws_col = 120};
    char output[65536];
    int terminal, status;
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0)
        give_up("forkpty");
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
        _exit(127);
    }
    while (read(terminal, output, sizeof output) > 0)
        ;
    close(terminal);
    if (waitpid(child, &status, 0) != child || status != 0)
        give_up("step");
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "usage: floor N FILE\n");
        return 2;
    }
    int file = open(words[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0)
        give_up(words[2]);
    for (int left = atoi(words[1]); left > 0; left--) {
        journal(file);
        step();
        journal(file);
    }
    return 0;
}
