// The nearest name: what is suggested and, as important, what is not.
import test from 'ava';
import { didYouMean, editDistance, nearestName } from './nearest.ts';

for (const { from, to, distance } of [
  { from: '', to: '', distance: 0 },
  { from: 'abc', to: '', distance: 3 },
  { from: '', to: 'abc', distance: 3 },
  { from: 'redis', to: 'redis', distance: 0 },
  { from: 'rdis', to: 'redis', distance: 1 },
  { from: 'reddis', to: 'redis', distance: 1 },
  { from: 'redus', to: 'redis', distance: 1 },
  { from: 'rdeis', to: 'redis', distance: 1 },
  { from: 'kitten', to: 'sitting', distance: 3 },
]) {
  test(`distance of '${from}' and '${to}' is ${distance}, both ways`, (t) => {
    t.is(editDistance(from, to), distance);
    t.is(editDistance(to, from), distance);
  });
}

const names = ['bundled', 'redis', 'valkey'];
for (const { word, nearest } of [
  { word: 'reids', nearest: 'redis' },
  { word: 'Redis', nearest: 'redis' },
  { word: 'bundle', nearest: 'bundled' },
  { word: 'val', nearest: 'valkey' },
  { word: 'postgres', nearest: null },
  { word: 'x', nearest: null },
  { word: '', nearest: null },
]) {
  test(`'${word}' is nearest to ${nearest ?? 'nothing'}`, (t) => {
    t.is(nearestName(word, names), nearest);
  });
}

test('the nearest of several wins, not the first', (t) => {
  t.is(nearestName('aof/alwais', ['aof/no', 'rdb+aof/always', 'aof/always']), 'aof/always');
});

test('without a near name the valid ones are listed', (t) => {
  t.is(didYouMean('reids', names), " (did you mean 'redis'?)");
  t.is(didYouMean('postgres', names), ' (valid: bundled, redis, valkey)');
  t.is(didYouMean('postgres', []), '');
});
