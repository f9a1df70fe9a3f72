# git: init, commit, branches, merges with conflicts, rebase, log, diff, blame, tags, clone, fetch, push, stash, bisect.
cd scratch || exit 1
export GIT_AUTHOR_NAME=Author GIT_AUTHOR_EMAIL=author@example.org GIT_COMMITTER_NAME=Committer
export GIT_COMMITTER_EMAIL=committer@example.org GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat GIT_EDITOR=true
clock=1700000000
tick() { clock=$((clock + 60)); export GIT_AUTHOR_DATE="$clock +0100" GIT_COMMITTER_DATE="$clock +0100"; }
commit() { tick; git add -A && git commit -q -m "$1" && git rev-parse HEAD; }
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git config --global core.abbrev 10
git init repo
cd repo || exit 1
git status
for i in {1..20}; do echo "line $i of the file" >>file; done
mkdir -p src/deep && echo 'int main(void) { return 0; }' >src/main.c && printf 'bin\0ary' >src/deep/data
echo '*.o' >.gitignore && touch ignored.o
git status --short --ignored
commit "First commit"
sed -i 's/line 5/line five/; 12d' file
git diff
git diff --stat
git diff --word-diff file
commit "Change a line, remove another"
git mv src/main.c src/program.c && chmod +x src/program.c && rm src/deep/data
commit "Rename and remove"
git show --stat --summary -M HEAD
git log --oneline --graph --decorate
git log --format='%h %an <%ae> %ad %s' --date=iso
git log --follow --oneline src/program.c
git log -p -1 HEAD~1 -- file
git checkout -q -b topic HEAD~1
sed -i 's/line 15/topic 15/' file && commit "Topic work"
echo new >topic-file && commit "Another file"
git checkout -q main
sed -i 's/line 2 /line two /' file && commit "Main goes on"
tick && git merge --no-edit topic
git log --graph --format='%h %p %s'
git checkout -q -b conflict HEAD~1
sed -i 's/line five/line FIVE/' file && commit "Conflicting"
git checkout -q main && sed -i 's/line five/line 5!/' file && commit "On main too"
tick && git merge conflict
echo "merge: $?"
git diff
git status --short
sed -i '/^<<<<<<<\|^=======\|^>>>>>>>\|FIVE/d' file && commit "Resolved"
git blame -s file | head -n 6
git checkout -q -b rebased topic && echo more >>topic-file && commit "To be rebased" && echo again >>topic-file && commit "And again"
tick && git rebase -q main && git log --oneline main..
tick && GIT_SEQUENCE_EDITOR="sed -i '2s/pick/squash/'" git rebase -i main 2>&1 | tail -n 1 | tr '\r' '\n' | tail -n 1
git log -1 --format='%s|%b'
git checkout -q main && tick && git cherry-pick rebased && git revert --no-edit HEAD
git tag light HEAD~2 && tick && git tag -a -m "A tag" v1.0 && git describe && git tag -n && git show v1.0 --no-patch
echo dirty >>file && git stash && git stash list && git stash show -p && git stash pop && git checkout file
git reset -q --soft HEAD~1 && git status -s && git reset -q --hard ORIG_HEAD && git reflog | head -n 3
git grep -n 'line 1'
git ls-files -s
git ls-tree -r -l HEAD
git cat-file -p HEAD
git cat-file -t v1.0
git rev-list --count --all
git shortlog -sn HEAD
git diff --name-status HEAD~4 HEAD
git merge-base topic conflict
git branch -vv
git branch --contains light
git format-patch -1 --stdout HEAD~1 | grep -v '^[0-9.]*$'
git archive --format=tar HEAD | md5sum
git bundle create ../bundle main 2>&1 | tail -n 1
git bundle verify ../bundle 2>&1 | tail -n 2
git notes add -m note && git log -1 --format=%N
git config --list --local | sort
git check-ignore -v x.o
git clean -ndx
git fsck 2>&1
git bisect start -q HEAD light~2 2>&1
git bisect run sh -c '! grep -q "line 5!" file' 2>&1 | grep -v '^\[\|running\|Bisecting'
git bisect reset 2>&1
git worktree add -q ../tree topic && git -C ../tree log -1 --oneline && git worktree list | sed 's|/.*/||'
git apply --check <(git diff HEAD~1) 2>&1
git rev-parse nosuch 2>&1
git nosuch 2>&1
git commit -m nothing 2>&1
cd ..
git -c pack.threads=1 clone -q --no-local repo clone 2>&1 && cd clone && git log --oneline | wc -l && git rev-parse HEAD && git branch -r
echo cloned >>cloned && commit "From the clone" && git push -q origin HEAD:refs/heads/pushed 2>&1 && git -C \
    ../repo log -1 --format=%s pushed
cd ../repo && tick && git commit -q --allow-empty -m empty && cd ../clone && git fetch -q 2>&1
git log --oneline HEAD..origin/main
git pull -q --rebase 2>&1
git log -2 --format=%s
cd .. && git clone -q --bare repo bare.git && git -C bare.git rev-parse --is-bare-repository && git clone -q \
    --depth 1 "file://$PWD/repo" shallow && git -C shallow rev-list --count HEAD
git -C repo submodule 2>&1 | head -n 1
git -C repo -c protocol.file.allow=always submodule --quiet add ../bare.git sub 2>&1
cat repo/.gitmodules
for i in {1..300}; do mkdir -p repo/many/$((i % 7)); seq $i $((i + 50)) >repo/many/$((i % 7))/$i; done
cd repo && commit "Many files" && git -c pack.threads=1 gc -q 2>&1
git count-objects -v | grep -v size
git fsck --full 2>&1
git verify-pack -v .git/objects/pack/*.idx | grep -c blob
git repack -q -a -d --threads=1 -f --depth=10 && git rev-list --objects --all | wc -l && git log --stat -1 | tail -n 1
git diff --shortstat HEAD~1
git log --oneline -S'FIVE' --all | cat
