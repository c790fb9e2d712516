/* The C interface of the linocut core: load a program, give it an arena, run its sections.
 *
 *     char reason[LC_REASON_BYTES];
 *     lc_program *program = lc_program_load(data, size, reason, sizeof reason);
 *     if (program == NULL) return complain(reason);
 *     void *memory = lc_arena_allocate(lc_program_memory_bytes(program, 2));
 *     lc_session *session = lc_session_open(program, memory, 2, "", reason, sizeof reason);
 *     if (session == NULL || lc_session_run(session, "step", reason, sizeof reason) != 0)
 *         return complain(reason);
 *
 * No function throws. One that can fail takes a buffer for the reason, a line of text that is always ended by
 * a zero byte and cut to the buffer's size; a NULL buffer of size 0 asks for none. Names are UTF-8.
 *
 * In the child of a fork programs and sessions may be used like the parent's, whose arenas stay as they are;
 * only a session that ran a section at that moment refuses to run.
 */
#ifndef LINOCUT_H
#define LINOCUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LC_REASON_BYTES 512

typedef struct lc_program lc_program;
typedef struct lc_session lc_session;

/* What the last function of this thread that gave a reason failed for: what it was given, or the machine. */
enum { LC_REFUSED = 1, LC_NO_MEMORY = 2, LC_NO_THREADS = 3 };
int lc_failure(void);

/* --- programs: read once, checked in full, never changed --- */

/* The program in `size` bytes of its binary form, which are not kept; NULL where they are not one, or not a
 * safe one. */
lc_program* lc_program_load(const void* data, size_t size, char* reason, size_t reason_size);
/* Sessions of the program stay valid. NULL is allowed. */
void lc_program_free(lc_program* program);

uint64_t lc_program_arena_bytes(const lc_program* program);
/* What a thread needs beside the arena, for tiles of products: the most that an instruction takes. */
uint64_t lc_program_workspace_bytes(const lc_program* program);
/* All that a session of so many threads works in: the arena, and behind it a workspace for each. */
uint64_t lc_program_memory_bytes(const lc_program* program, int threads);
/* Where a buffer lies in the arena, in bytes. Returns 0, or -1 where there is no such buffer. */
int lc_program_buffer(const lc_program* program, const char* name, uint64_t* offset, uint64_t* bytes);
/* What it holds: the code of its number format (src/linocut/formats.py) and its dimensions, whose sizes stay the
 * program's. Returns 0, or -1 where there is no such buffer. */
int lc_program_shape(const lc_program* program, const char* name, int* format, int* dimensions, const uint32_t** sizes);
/* The buffers that make up the state, in order: what a program keeps between runs. Returns 0, or -1 past the
 * last. */
int lc_program_state(const lc_program* program, int index, const char** name, uint64_t* offset, uint64_t* bytes);

/* The buffers that a section reads before anything in it writes them, and that are no state: what is to be
 * put into the arena before each run. Returns 0, or -1 past the last. */
int lc_program_fed(const lc_program* program, const char* section, int index, const char** name);
/* The largest mean loss of a run that training may come to: beyond it, it diverges. */
double lc_program_most_loss(const lc_program* program, const char* section);
/* Whether the state in an arena is one that may be kept: its floats are numbers, and bits behind the last are
 * 0. Without `whole` only what is small is looked at, the shifts, norm statistics and metrics. Returns 0 or
 * -1. */
int lc_program_check_state(const lc_program* program, const void* arena, int whole, char* reason, size_t reason_size);

/* --- arenas --- */

/* Zeroed memory for a session, aligned to 64 bytes; NULL where the machine has not that much. A caller may
 * bring its own. */
void* lc_arena_allocate(uint64_t bytes);
void lc_arena_free(void* arena, uint64_t bytes);

/* --- sessions: a program at work in an arena --- */

/* `memory` has lc_program_memory_bytes bytes, is aligned to 64, and outlives the session; the arena is what it begins
 * with. `threads` counts the caller's, 1 to 256; results do not depend on it. `isa` is one of lc_isa_name, or "" for
 * $LINOCUT_ISA and, without that, the best. */
lc_session* lc_session_open(const lc_program* program, void* memory, int threads, const char* isa, char* reason,
                            size_t reason_size);
/* Joins the session's threads; not while it runs. NULL is allowed. */
void lc_session_free(lc_session* session);

/* Run a section to its end, in some 10 KiB of the caller's stack. Allocates nothing, but for the child of a
 * fork, where threads are started again. Returns 0, or -1 where there is no such section, after
 * a fork that cut it, or where no thread can be had. Calls from several threads take turns. */
int lc_session_run(lc_session* session, const char* section, char* reason, size_t reason_size);
/* How many instructions a section has, or -1 where there is no such section. */
int64_t lc_session_section_length(const lc_session* session, const char* section);
/* Like lc_session_run, with the time of each instruction in nanoseconds (lc_session_section_length of
 * them). */
int lc_session_run_timed(lc_session* session, const char* section, uint64_t* nanoseconds, char* reason,
                         size_t reason_size);

/* Like lc_session_run, of a part of the section alone: the instructions from `begin` to before `end`, counted from 0.
 * All parts in order are the section; between them the arena may be read. Returns -1 for others than there are, too. */
int lc_session_run_part(lc_session* session, const char* section, int64_t begin, int64_t end, char* reason,
                        size_t reason_size);

const char* lc_session_isa(const lc_session* session);
int lc_session_threads(const lc_session* session);

/* --- what this build and this machine have --- */

/* Names of the instruction sets usable here, best first; NULL past the last. */
const char* lc_isa_name(int index);
/* Multiplications a second that one thread reaches at most with the bare micro-kernel of an instruction set (as for
 * lc_session_open), for a kind of arithmetic: "xnor", "int8" (bytes), "int8_sign" and "int4_sign"
 * (gradients of 8 and 4 bits times signs) or "float". Takes a tenth of a second. Returns 0, or -1 where there is no
 * such set or kind. */
int lc_peak(const char* isa, const char* kind, double* per_second, char* reason, size_t reason_size);
/* The op table, in order: code, name and signature of an instruction. Returns 0, or -1 past the last. */
int lc_op(int index, int* code, const char** name, const char** signature);

#ifdef __cplusplus
}
#endif

#endif
