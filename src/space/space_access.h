/* Single accesses to guest memory: inline assembly with fix-up entries. Included by space.h alone.
 *
 *   bool space_load_u8/u16/u32/u64(const struct space *, uint64_t addr, uintN_t *value)
 *   bool space_store_u8/u16/u32/u64(const struct space *, uint64_t addr, uintN_t value)
 *   bool space_amo_<op>_u32/u64(const struct space *, uint64_t addr, uintN_t operand, uintN_t *old)
 *        op: swap add and or xor mins maxs minu maxu; sequentially consistent; addr aligned (caller's duty)
 *   bool space_cmpxchg_u32/u64(const struct space *, uint64_t addr, uintN_t expected, uintN_t desired, bool *done)
 *
 * They return false if the access faulted; then thread->fault says why (written by the host's handler, or by
 * space_fault_outside() for an address outside the guest's space, which the caller reports as FAULT_MAPERR). */
#ifndef ISOMORPH_SPACE_ACCESS_H
#define ISOMORPH_SPACE_ACCESS_H

#endif
