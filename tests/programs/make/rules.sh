# make: rules, patterns, variables, functions, conditionals, includes, recursion, parallel jobs, errors, the job server.
cd scratch || exit 1
cat >Makefile <<'END'
.SUFFIXES:
SHELL := /bin/bash
names := alpha beta gamma delta
objects = $(addsuffix .obj,$(names))
upper = $(shell echo $(1) | tr a-z A-Z)
define block
line one of $(1)
line two of $(1)
endef
export EXPORTED := from make
all: program info | dir
program: $(objects)
	@cat $^ >$@
	@echo "linked $@ from $(words $^) objects"
%.obj: %.src common.h
	@echo "compiling $< to $@ (stem $*)"
	@tr a-z A-Z <$< >$@
%.src:
	@echo "text of $*" >$@
common.h: ; @echo header >$@
dir: ; @mkdir -p $@
info:
	@echo $(patsubst %.obj,%.o,$(objects)) / $(filter a% g%,$(names)) / $(filter-out a%,$(names))
	@echo $(sort $(names) beta) / $(firstword $(names)) $(lastword $(names)) $(word 2,$(names)) $(wordlist 2,3,$(names))
	@echo $(subst a,4,banana) $(strip   a   b  ) $(findstring eta,$(names)) $(notdir /x/y.c) $(dir /x/y.c) $(basename y.c) $(suffix y.c)
	@echo $(foreach n,$(names),[$(n)]) $(if ,yes,no) $(or ,second) $(and a,b) $(call upper,shouted) $(join a b,1 2)
	@echo "$$EXPORTED" $(origin names) $(flavor objects) '$(value upper)' $(intcmp 2,10,less,equal,more) $(let a b,1 2 3,$b-$a)
	@echo '$(call block,it)' | wc -l
	@echo $(wildcard *.src) $(notdir $(abspath a/../b))
ifeq ($(MODE),fast)
	@echo mode fast
else ifdef MODE
	@echo mode $(MODE)
else
	@echo no mode
endif
eval-rules := $(foreach n,x y z,$(eval made-$(n): ; @echo "made $(n)"))
made: made-x made-y made-z
many := $(shell seq 60)
parallel: $(addprefix job-,$(many)); @echo "all $(words $^) jobs; $$(cat job-*.txt | sort -n | md5sum)"
job-%: ; @echo $$(($* * $*)) >job-$*.txt
sub: ; +@$(MAKE) --no-print-directory -f Sub.mk DEPTH=3
fail: ; @exit 3
ignored: ; -@exit 4
	@echo "after an ignored error"
keep: fail made
signal: ; @kill -TERM $$$$
multi a b &: ; @echo "group for $@"; touch a b
.PHONY: all info made parallel sub fail ignored keep signal
.ONESHELL: oneshell
target-specific: VAR = special
target-specific: ; @echo $(VAR) $(CURDIR:$(dir $(CURDIR))%=%)
static: one.st two.st
one.st two.st: %.st: ; @echo "static $* $@"
double:: ; @echo first
double:: ; @echo second
.SECONDEXPANSION:
second: $$(addprefix made-,x z) ; @echo "second $+"
vpath %.txt sub/dir
found: here.txt ; @echo "found $<"
deleted: ; @echo partial >$@; false
.DELETE_ON_ERROR:
include generated.mk
generated.mk: ; @echo 'generated := yes' >$@; echo "made $@"
show-generated: ; @echo "generated: $(generated)"
END
cat >Sub.mk <<'END'
all:
	@echo "depth $(DEPTH) level $(MAKELEVEL) jobs $(filter -j%,$(MAKEFLAGS))" | sed 's/-j[0-9]*/-jN/'
ifneq ($(DEPTH),0)
	+@$(MAKE) --no-print-directory -f Sub.mk DEPTH=$(shell expr $(DEPTH) - 1)
endif
END
mkdir -p sub/dir && echo there >sub/dir/here.txt
make 2>&1
echo "status $?"
make program; make -q program; echo "up to date: $?"
touch -d '-1 hour' *.obj program; make -n program 2>&1; make -q program; echo "out of date: $?"
make -s MODE=fast info | tail -n 1; MODE=slow make -s info | tail -n 1
touch -d @0 common.h
make made second static double target-specific found show-generated a
for jobs in 1 2 8; do rm -f job-*.txt; make -j$jobs parallel; done
make -j4 -O made second | sort; make -j3 sub
make fail 2>&1; echo "status $?"; make ignored 2>&1; make -k keep 2>&1; make -i fail 2>&1; make signal 2>&1
make nosuch 2>&1; make deleted 2>&1; ls deleted 2>&1; make -f nosuch.mk 2>&1
printf 'a:\n  echo blanks\n' | make -f - 2>&1 | sed 's/^[^:]*://'; printf 'a: b\nb: a\n\t@echo cycle\n' | make -f - 2>&1
printf '$(error stop here)\n' | make -f - 2>&1 | sed 's/^[^:]*://'
printf '$(warning careful)$(info note)\nall:;@:\n' | make -f - 2>&1 | sed 's/^[^:]*://'
printf 'all: ; @echo $(X)\nX := 1\nX += 2\nX ?= 3\noverride Y := 4\n' | make -f - X=9 2>&1
printf 'x := $(shell exit 5)\nall: ; @echo $(.SHELLSTATUS) $(MAKE_VERSION) $(.RECIPEPREFIX)\n' | make -f - 2>&1
make -p -f /dev/null 2>/dev/null | grep -c '^%'; make -C sub -f ../Sub.mk DEPTH=1 2>&1 | sed 's|/.*/|/|'
make --trace one.st 2>&1; make -d one.st 2>&1 | grep -c 'Considering'; make -B -t one.st; make -W common.h -n alpha.obj
make -j2 -l 100 --shuffle=reverse made | sort
make --warn-undefined-variables -f - <<< 'all:;@echo [$(undefined)]' 2>&1 | sed 's/^[^:]*://'
rm -f *.src *.obj; make -j8 program | sort
