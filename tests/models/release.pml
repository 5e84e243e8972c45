/* SPDX-License-Identifier: MIT */
/*
 * Operators on one app: each reads what there is (its expectation), then acts in one transaction;
 * each may crash between any two steps, and begins anew. README.md says what of the library this
 * is, and what not; run.sh runs it with several bounds, and broken in several ways.
 *
 *   OPERATORS  at once                          EDITS   of each version at most
 *   VERSIONS   of the app, numbered from 0      FROZEN  all versions begin at the end of the path
 *   RECORDS    at most
 *
 *   BROKEN_EXPECT    no expectation is checked
 *   BROKEN_POINTER   a record and the live pointer are written by two transactions
 *   BROKEN_SEQUENCE  the sequence number is drawn by a transaction of its own
 *   BROKEN_LINE      from a rollback's record the line leads to what the rollback left
 *   BROKEN_FREEZE    what was promoted can still be edited
 */
#ifndef OPERATORS
#define OPERATORS 2
#endif
#ifndef VERSIONS
#define VERSIONS 2
#endif
#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef EDITS
#define EDITS 1
#endif

#define LAST 2 /* the stages of the path are 0, 1, 2 */
#define NONE 255

/* States of a version, in the order of the table. */
#define DRAFT 0
#define STAGED 1
#define READY 2
#define LIVE 3
#define RETIRED 4
#define DISCARDED 5
#define STATES 6

/* What is stored of them; that one is live, ready or retired follows. */
#define STORED_DRAFT 0
#define STORED_FROZEN 1
#define STORED_RELEASED 2
#define STORED_DISCARDED 3

/* Events, in the order of the table; BACK is a rollback to where the line of releases leads. */
#define EDIT 0
#define PROMOTE 1
#define RELEASE 2
#define ROLLBACK 3
#define SUPERSEDE 4
#define WITHDRAW 5
#define DISCARD 6
#define EVENTS 7
#define BACK 7

/* A cell is the next state, or one of these. */
#define STAGED_READY 6 /* ready at the end of the path, staged before */
#define NEVER 7        /* state and event cannot meet */
#define E_FROZEN 10
#define E_AT_LAST 11
#define E_NOT_READY 12
#define E_NEVER_RELEASED 13
#define E_NOTHING_LIVE 14
#define E_ALREADY_LIVE 15
#define E_LIVE 16
#define E_IN_HISTORY 17
#define E_DISCARDED 18
#define IS_REFUSAL(cell) ((cell) >= NEVER)

/* Constant once it is filled, so it is no part of the state. */
hidden byte table[STATES * EVENTS];

inline row(state, edit, promote, release, rollback, supersede, withdraw, discard)
{
    table[state * EVENTS + EDIT] = edit;
    table[state * EVENTS + PROMOTE] = promote;
    table[state * EVENTS + RELEASE] = release;
    table[state * EVENTS + ROLLBACK] = rollback;
    table[state * EVENTS + SUPERSEDE] = supersede;
    table[state * EVENTS + WITHDRAW] = withdraw;
    table[state * EVENTS + DISCARD] = discard
}

/* tests/gates/machine_table.py compares these rows with the table of lib/model/machine.c. */
inline fill_table()
{
    row(DRAFT, DRAFT, STAGED_READY, E_NOT_READY, E_NEVER_RELEASED, NEVER, E_NOTHING_LIVE, DISCARDED);
    row(STAGED, E_FROZEN, STAGED_READY, E_NOT_READY, E_NEVER_RELEASED, NEVER, E_NOTHING_LIVE, DISCARDED);
    row(READY, E_FROZEN, E_AT_LAST, LIVE, E_NEVER_RELEASED, NEVER, E_NOTHING_LIVE, DISCARDED);
    row(LIVE, E_FROZEN, E_AT_LAST, E_ALREADY_LIVE, E_ALREADY_LIVE, RETIRED, RETIRED, E_LIVE);
    row(RETIRED, E_FROZEN, E_AT_LAST, LIVE, LIVE, NEVER, E_NOTHING_LIVE, E_IN_HISTORY);
    row(DISCARDED, E_DISCARDED, E_DISCARDED, E_DISCARDED, E_DISCARDED, NEVER, E_NOTHING_LIVE, E_DISCARDED)
}

/* ---- the store ------------------------------------------------------------------------------ */

typedef app_version {
    byte stored;
    byte stage;
    byte content /* how often it was edited: another number, another content */
};

/* Kinds: RELEASE, ROLLBACK, WITHDRAW; a sequence of 0 is none. */
typedef release_record {
    byte kind;
    byte whose; /* version */
    byte target;
    byte previous;
    byte content
};

app_version versions[VERSIONS];
release_record records[RECORDS + 1]; /* by sequence, from 1 */
byte newest;                 /* sequence */
byte live;                   /* the pointer */
bool locked;                 /* by the one transaction that may write */

/* ---- what must hold; nothing below reads these ----------------------------------------------- */

byte frozen_content[VERSIONS];
byte made;            /* records, as they were counted when they were made */
bool left[RECORDS + 1]; /* a rollback along the line went away from this release */
hidden byte check;

#define STATE_OF(v)                                                                                \
    (versions[v].stored == STORED_DISCARDED                                                        \
         -> DISCARDED                                                                              \
         : (live != 0 && records[live].whose == (v)                                              \
                -> LIVE                                                                            \
                : (versions[v].stored == STORED_RELEASED                                           \
                       -> RETIRED                                                                  \
                       : (versions[v].stored == STORED_DRAFT                                       \
                              -> DRAFT                                                             \
                              : (versions[v].stage == LAST -> READY : STAGED)))))

/* The release that a record of any kind stands for. */
#define ROOT(r)                                                                                    \
    (records[r].kind == RELEASE                                                                    \
         -> (r)                                                                                    \
         : (records[r].kind == ROLLBACK                                                            \
                -> records[r].target                                                               \
                : (records[records[r].target].kind == RELEASE                                      \
                       -> records[r].target                                                        \
                       : records[records[r].target].target)))

inline invariants()
{
    /* Sequences have no gaps. */
    assert(newest == made);
    /* The pointer is on the newest record; a withdrawal, and only that, leaves none. */
    assert(live == (newest != 0 && records[newest].kind != WITHDRAW -> newest : 0));
    /* Live only what was released, as it was then. */
    assert(live == 0 || versions[records[live].whose].stored == STORED_RELEASED);
    assert(live == 0 || versions[records[live].whose].content == records[live].content);
    /* What was promoted stays as it was then; what was released is at the end of the path. */
    check = 0;
    do
    :: check < VERSIONS ->
        assert(versions[check].stored == STORED_DRAFT || versions[check].stored == STORED_DISCARDED ||
               versions[check].content == frozen_content[check]);
        assert(versions[check].stored != STORED_RELEASED || versions[check].stage == LAST);
        check++
    :: else -> break
    od;
    /* The line of releases only leads to older ones. */
    check = 1;
    do
    :: check <= newest ->
        assert(records[check].previous == 0 || ROOT(records[check].previous) < ROOT(check));
        assert(records[check].kind == RELEASE || records[ROOT(check)].whose == records[check].whose);
        check++
    :: else -> break
    od;
    check = 0
}

/* ---- what is done inside a transaction ------------------------------------------------------- */

/* The version went where the table says. */
inline assert_moved(m_version, m_was, m_event)
{
    check = STATE_OF(m_version);
    assert(table[m_was * EVENTS + m_event] == check ||
           (table[m_was * EVENTS + m_event] == STAGED_READY &&
            check == (versions[m_version].stage == LAST -> READY : STAGED)));
    check = 0
}

/* A row of the line, and the pointer. */
inline append(a_kind, a_version, a_target, a_previous)
{
    made++;
#ifndef BROKEN_SEQUENCE
    newest++;
#endif
    records[newest].kind = a_kind;
    records[newest].whose = a_version;
    records[newest].target = a_target;
    records[newest].previous = a_previous;
    records[newest].content = versions[a_version].content;
#ifndef BROKEN_POINTER
    live = (a_kind == WITHDRAW -> 0 : newest)
#endif
}

/* What was served last: a rollback from a new release leads there. */
#define SERVED (live != 0 -> live : (newest != 0 -> records[newest].target : 0))

/* The release before the live one, of another version; after a withdrawal the withdrawn one. */
inline find_back(out)
{
    if
    :: live != 0 ->
        out = records[live].previous;
        do
        :: out != 0 && records[out].whose == records[live].whose -> out = records[out].previous
        :: else -> break
        od
    :: live == 0 && newest != 0 -> out = records[newest].target
    :: else -> out = 0
    fi;
    if
    :: out != 0 -> out = ROOT(out)
    :: else -> skip
    fi
}

inline find_of_version(v, out)
{
    out = newest;
    do
    :: out != 0 && !(records[out].kind == RELEASE && records[out].whose == v) -> out--
    :: else -> break
    od
}

/* What the operator saw, and its act depends on, is still so. */
#define SEES_CONTENT (event == EDIT || event == PROMOTE || event == RELEASE || event == DISCARD)
#define SEES_LIVE (event == RELEASE || event == ROLLBACK || event == BACK || event == WITHDRAW)
#define IS_FRESH                                                                                   \
    ((!SEES_CONTENT || saw_content == versions[v].content) &&                                      \
     (event != PROMOTE || saw_stage == versions[v].stage) && (!SEES_LIVE || saw_live == live))

/* Arguments, state, expectation, as the library asks them. */
inline decide()
{
    ok = false;
    target = 0;
    if
    :: event == BACK ->
        find_back(target);
        if
        :: target != 0 ->
            v = records[target].whose;
            ok = !IS_REFUSAL(table[STATE_OF(v) * EVENTS + ROLLBACK])
        :: else -> skip
        fi
    :: event == WITHDRAW ->
        v = (live != 0 -> records[live].whose : 0);
        ok = !IS_REFUSAL(table[STATE_OF(v) * EVENTS + WITHDRAW])
    :: else ->
        ok = !IS_REFUSAL(table[STATE_OF(v) * EVENTS + event])
    fi;
    if
    :: ok && event == ROLLBACK -> find_of_version(v, target)
    :: ok && event == PROMOTE -> ok = to == versions[v].stage + 1 || (through && to > versions[v].stage)
    :: ok && event == DISCARD -> /* not the only version */
        others = 0;
        target = 0;
        do
        :: target < VERSIONS ->
            others = others + (target != v && versions[target].stored != STORED_DISCARDED -> 1 : 0);
            target++
        :: else -> break
        od;
        target = 0;
        ok = others > 0
    :: else -> skip
    fi;
    ok = ok && (!SEES_LIVE || made < RECORDS) /* a bound of the model */
#ifndef BROKEN_EXPECT
    ; ok = ok && IS_FRESH
#endif
}

inline assert_back()
{
    if
    :: event == BACK && live != 0 ->
        assert(target < ROOT(live));
        assert(records[target].whose != records[live].whose);
        assert(!left[target]);
        left[ROOT(live)] = true
    :: event == BACK && live == 0 -> assert(target == ROOT(records[newest].target))
    :: event == ROLLBACK -> /* by name: its line counts again */
        others = target;
        do
        :: others != 0 ->
            left[others] = false;
            others--
        :: else -> break
        od
    :: else -> skip
    fi
}

/* All that one commit makes visible. */
inline commit()
{
    was = STATE_OF(v);
    before = (live != 0 -> records[live].whose : NONE);
    assert(IS_FRESH); /* no update is lost */
    assert_back();
    if
    :: event == EDIT -> versions[v].content++
    :: event == PROMOTE ->
        if
        :: versions[v].stored == STORED_DRAFT -> frozen_content[v] = versions[v].content
        :: else -> skip
        fi;
        versions[v].stored = STORED_FROZEN;
        versions[v].stage = to
    :: event == RELEASE ->
        versions[v].stored = STORED_RELEASED;
        others = SERVED;
        append(RELEASE, v, 0, others)
    :: event == ROLLBACK || event == BACK ->
#ifdef BROKEN_LINE
        others = SERVED;
#else
        others = records[target].previous;
#endif
        append(ROLLBACK, v, target, others)
    :: event == WITHDRAW ->
        others = records[live].previous;
        append(WITHDRAW, v, live, others)
    :: event == DISCARD -> versions[v].stored = STORED_DISCARDED
    fi;
    invariants();
    others = (event == BACK -> ROLLBACK : event);
    assert_moved(v, was, others);
    if
    :: before != NONE && before != v && (event == RELEASE || event == ROLLBACK || event == BACK) ->
        assert_moved(before, LIVE, SUPERSEDE)
    :: else -> skip
    fi;
    locked = false
}

/* ---- an operator ----------------------------------------------------------------------------- */

/* Chooses an act that is not refused by what is seen, as people do: the others are the subject of
 * the unit tests, which walk every cell. Then it is too late, perhaps. */
inline choose()
{
    if
    :: event = EDIT
    :: event = PROMOTE
    :: event = RELEASE
    :: event = ROLLBACK
    :: event = BACK
    :: event = WITHDRAW
    :: event = DISCARD
    fi;
    v = 0;
    if
    :: event != BACK && event != WITHDRAW ->
        do
        :: v < VERSIONS - 1 -> v++
        :: break
        od
    :: else -> skip
    fi;
    saw_stage = 0;
    saw_content = 0;
    saw_live = 0;
    to = 0;
    through = false;
    if
    :: SEES_CONTENT -> saw_content = versions[v].content
    :: else -> skip
    fi;
    if
    :: SEES_LIVE -> saw_live = live
    :: else -> skip
    fi;
    if
    :: event == PROMOTE ->
        saw_stage = versions[v].stage;
        to = saw_stage + 1;
        if
        :: to < LAST -> to = LAST; through = true
        :: skip
        fi
    :: else -> skip
    fi
}

#define IS_IN_BOUNDS                                                                               \
    ((event != EDIT || versions[v].content < EDITS) && (!SEES_LIVE || newest < RECORDS) &&         \
     (event == BACK || event == WITHDRAW || !IS_REFUSAL(table[STATE_OF(v) * EVENTS + event])))

inline forget()
{
    event = 0;
    v = 0;
    to = 0;
    through = false;
    saw_stage = 0;
    saw_content = 0;
    saw_live = 0;
    target = 0;
    others = 0;
    was = 0;
    before = 0;
    ok = false
}

proctype operator()
{
    byte event;
    byte v;
    byte to;
    bool through;
    byte saw_stage;
    byte saw_content;
    byte saw_live;
    bool ok;
    byte target;
    byte others;
    byte was;
    byte before;

end:
    do
    :: atomic {
        choose(); /* reads, outside of any transaction */
        if
        :: IS_IN_BOUNDS -> skip
        :: else -> forget(); goto end
        fi
       }
       if
       :: d_step { !locked -> /* begins */
#ifdef BROKEN_SEQUENCE
            newest = (SEES_LIVE && newest < RECORDS -> newest + 1 : newest);
#endif
            locked = true }
       :: d_step { true -> forget() } /* crash: it only had read */
          goto end
       fi;
       if
       :: d_step { true -> decide() } /* looks and asks, under the lock */
       :: d_step { true -> locked = false; forget() } /* crash: the store rolls back */
          goto end
       fi;
       if
       :: atomic { !ok -> locked = false; forget() } /* refused */
       :: d_step { ok -> commit(); forget() }
       :: d_step { ok -> locked = false; forget() } /* crash before the commit */
          goto end
       fi
#ifdef BROKEN_POINTER
       ;
       if
       :: d_step { !locked -> live = (newest != 0 && records[newest].kind != WITHDRAW -> newest : 0) }
       :: true -> skip /* crash between the two transactions */
       fi
#endif
    od
}

init
{
    atomic {
        fill_table();
#ifdef BROKEN_FREEZE
        table[STAGED * EVENTS + EDIT] = STAGED;
#endif
#ifdef FROZEN
        check = 0;
        do
        :: check < VERSIONS ->
            versions[check].stored = STORED_FROZEN;
            versions[check].stage = LAST;
            check++
        :: else -> break
        od;
        check = 0;
#endif
        check = 0;
        do
        :: check < OPERATORS -> run operator(); check++
        :: else -> break
        od;
        check = 0
    }
}
