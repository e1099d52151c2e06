using System.Collections.Concurrent;
using System.Text.Json;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.Subscribing;

namespace EventSourcing.Testing.Contract;

/// <summary>Checkpoints of subscriptions, and the effects that are written with them.</summary>
internal static class CheckpointCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Subscription_that_skips_events_still_moves_its_checkpoint),
        ContractCase.Of(Checkpoint_is_never_ahead_of_the_effect_nor_behind_by_more_than_the_interval),
        ContractCase.Of(Checkpoint_is_written_when_no_event_arrives),
        ContractCase.Of(Checkpoint_is_written_by_age_while_events_arrive),
        ContractCase.Of(Checkpoint_beyond_the_head_faults_until_a_reset),
        ContractCase.Of(Enlisted_effects_are_committed_with_the_checkpoint, LogCapabilities.UserWork),
        ContractCase.Of(Enlisted_effects_are_committed_when_they_are_many, LogCapabilities.UserWork),
        ContractCase.Of(Enlisted_appends_are_committed_when_they_are_large),
        ContractCase.Of(Enlisted_functions_are_committed_when_their_events_are_large, LogCapabilities.UserWork),
        ContractCase.Of(Refused_effect_parks_only_its_event_and_loses_no_other_effect),
    ];

    private static async Task Subscription_that_skips_events_still_moves_its_checkpoint(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(100)).ConfigureAwait(false);
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
            await WaitAsync(await bus.SubscribeAsync("none", Collect([]), new() { Filter = EventQuery.OfTypes("Other") }).ConfigureAwait(false), 100).ConfigureAwait(false);
        Expect.Equal(100, await CheckpointAsync(log, "none").ConfigureAwait(false), "the checkpoint");
    }

    private static async Task Checkpoint_is_never_ahead_of_the_effect_nor_behind_by_more_than_the_interval(LogUnderTest log)
    {
        const int all = 2300;
        await log.AppendAsync("s", Make.Numbered(all)).ConfigureAwait(false);
        var wrong = new ConcurrentQueue<string>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
            foreach (var interval in new[] { 10, 500, 700 })
            {
                var each = $"each {interval}";
                var batches = $"batches {interval}";
                var ofEach = SubscriptionHandler.RawEach((e, _, _) => JudgeAsync(each, interval, e.Position, e.Position).AsTask());
                var ofBatches = SubscriptionHandler.RawBatches((events, _, _) => JudgeAsync(batches, interval, events.Span[0].Position, events.Span[^1].Position).AsTask());
                foreach (var (name, handler) in new[] { (each, ofEach), (batches, ofBatches) })
                    await WaitAsync(await bus.SubscribeAsync(name, handler, new() { CheckpointEvery = interval }).ConfigureAwait(false), all).ConfigureAwait(false);
            }

        Expect.Equal([], wrong, "checkpoints out of bounds");
        Expect.Equal(all, await CheckpointAsync(log, "each 500").ConfigureAwait(false), "the checkpoint at the end");

        async ValueTask JudgeAsync(string name, int interval, GlobalPosition first, GlobalPosition last)
        {
            var checkpoint = await CheckpointAsync(log, name).ConfigureAwait(false);
            if (checkpoint >= first.ToInt64() || last.ToInt64() - checkpoint > interval) wrong.Enqueue($"{name}: {checkpoint} at {first} to {last}");
        }
    }

    private static async Task Checkpoint_is_written_when_no_event_arrives(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var bus = On(log, new EventStore(new InterruptedLog(log.Log) { AfterWrite = log.Changed.Set }, EventTypeMap.Empty));
        await using (bus.ConfigureAwait(false))
        {
            await WaitAsync(await bus.SubscribeAsync("idle", Collect([]), new() { CheckpointAfter = TimeSpan.FromMilliseconds(10) }).ConfigureAwait(false), 5).ConfigureAwait(false);
            await log.Changed.UntilAsync(async () => await CheckpointAsync(log, "idle").ConfigureAwait(false) == 5, "the checkpoint is written").ConfigureAwait(false);
        }
    }

    private static async Task Checkpoint_is_written_by_age_while_events_arrive(LogUnderTest log)
    {
        const int all = 200;
        await log.AppendAsync("s", Make.Numbered(all)).ConfigureAwait(false);
        var behind = new ConcurrentDictionary<string, long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
            foreach (var (name, after) in new[] { ("soon", TimeSpan.FromMilliseconds(20)), ("at once", TimeSpan.Zero), ("late", TimeSpan.FromHours(1)) })
            {
                var handler = SubscriptionHandler.RawEach(async (e, _, token) =>
                {
                    await Task.Delay(1, token).ConfigureAwait(false);
                    behind[name] = e.Position.ToInt64() - 1 - await CheckpointAsync(log, name).ConfigureAwait(false);
                });
                await WaitAsync(await bus.SubscribeAsync(name, handler, new() { CheckpointAfter = after }).ConfigureAwait(false), all).ConfigureAwait(false);
            }

        Expect.Equal(0L, behind["at once"], "events not in the checkpoint that is written after each");
        Expect.Equal(all - 1L, behind["late"], "events not in the checkpoint that is written at the end");
        Expect.True(behind["soon"] < all - 1, "events are in the checkpoint that is written every 20 ms");
    }

    private static async Task Checkpoint_beyond_the_head_faults_until_a_reset(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var received = new ConcurrentQueue<long>();
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
        {
            await (await bus.SubscribeAsync("lost", Collect(received)).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
            var record = await log.FindRecordAsync(RecordKind.Checkpoint, "lost").ConfigureAwait(false);
            var value = record!.Value.ToArray();
            BitConverter.TryWriteBytes(value.AsSpan(2), 9L);
            await log.PutAsync(RecordKind.Checkpoint, "lost", value, record.Revision).ConfigureAwait(false);
            received.Clear();
            var subscription = await bus.SubscribeAsync("lost", Collect(received)).ConfigureAwait(false);
            await log.Changed.UntilAsync(() => subscription.State == SubscriptionState.Faulted, "the subscription is faulted").ConfigureAwait(false);
            var error = (await subscription.GetStatusAsync().ConfigureAwait(false)).LastError as PositionOutOfRangeException;
            Expect.Equal((9L, 5L), (error?.Position.ToInt64(), error?.Head.ToInt64()), "checkpoint and head of the error");
            await subscription.ResetAsync(StartFrom.After(GlobalPosition.FromInt64(3))).WaitAsync(Patience).ConfigureAwait(false);
            await WaitAsync(subscription, 5).ConfigureAwait(false);
            Expect.Equal([4, 5], received, "the events received after the reset");
        }
    }

    private static async Task Enlisted_effects_are_committed_with_the_checkpoint(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(50)).ConfigureAwait(false);
        var works = new ConcurrentQueue<long>();
        var bus = On(log, new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            var handler = SubscriptionHandler.RawEach((e, delivery, _) =>
            {
                delivery.Enlist<object>(_ => works.Enqueue(e.Position.ToInt64()));
                delivery.Append("copies", ExpectedVersion.Exactly(e.Position.ToInt64() - 1), [new Added(1)]);
                return Task.CompletedTask;
            });
            var options = new SubscriptionOptions { Filter = EventQuery.All.InStream("s"), CheckpointEvery = 7 };
            await WaitAsync(await bus.SubscribeAsync("copy", handler, options).ConfigureAwait(false), 50).ConfigureAwait(false);
        }

        Expect.Equal(50, await log.VersionAsync("copies").ConfigureAwait(false), "the copies");
        Expect.Equal(Make.CountTo(50), works, "the calls of the function");
        Expect.True(await CheckpointAsync(log, "copy").ConfigureAwait(false) >= 50, "the checkpoint");
    }

    private static async Task Enlisted_effects_are_committed_when_they_are_many(LogUnderTest log)
    {
        const int all = 100, each = 50, most = 4000;
        await log.AppendAsync("s", Make.Numbered(all)).ConfigureAwait(false);
        var checkpoints = new ConcurrentQueue<long>();
        var handler = SubscriptionHandler.RawEach(async (_, delivery, _) =>
        {
            checkpoints.Enqueue(await CheckpointAsync(log, "many").ConfigureAwait(false));
            for (var i = 0; i < each; i++) delivery.Enlist<object>(static _ => { });
        });
        var bus = On(log);
        await using (bus.ConfigureAwait(false))
            await WaitAsync(await bus.SubscribeAsync("many", handler, new() { CheckpointAfter = TimeSpan.FromHours(1) }).ConfigureAwait(false), all).ConfigureAwait(false);
        Expect.Equal([0L, most / each], checkpoints.Distinct(), "the checkpoints that the handler saw");
    }

    private static async Task Enlisted_appends_are_committed_when_they_are_large(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(80)).ConfigureAwait(false);
        var text = new string('x', 900_000);
        await EffectsOfOneMebibyteAsync(log, 80, delivery => delivery.Append("copies", ExpectedVersion.Any, [new Added(1, text)])).ConfigureAwait(false);
        Expect.Equal(80, await log.VersionAsync("copies").ConfigureAwait(false), "the copies");
    }

    private static async Task Enlisted_functions_are_committed_when_their_events_are_large(LogUnderTest log)
    {
        for (var i = 0; i < 80; i++) await log.AppendAsync("s", Make.Sized(1 << 20)).ConfigureAwait(false);
        await EffectsOfOneMebibyteAsync(log, 80, delivery => delivery.Enlist<object>(static _ => { })).ConfigureAwait(false);
    }

    private static async Task EffectsOfOneMebibyteAsync(LogUnderTest log, int events, Action<DeliveryContext> enlist)
    {
        var checkpoints = new ConcurrentQueue<long>();
        var handler = SubscriptionHandler.RawEach(async (e, delivery, _) =>
        {
            checkpoints.Enqueue(e.Position.ToInt64() - await CheckpointAsync(log, "large").ConfigureAwait(false));
            enlist(delivery);
        });
        var bus = On(log, new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            var options = new SubscriptionOptions { Filter = EventQuery.All.InStream("s"), CheckpointAfter = TimeSpan.FromHours(1) };
            await WaitAsync(await bus.SubscribeAsync("large", handler, options).ConfigureAwait(false), events).ConfigureAwait(false);
        }

        // A page of events may be delivered between the effect that exceeds the limit and the checkpoint.
        Expect.True(checkpoints.Max() <= 32 + 4 + 1, $"at most 32 effects of 1 MiB and a page wait for the checkpoint, not {checkpoints.Max()}");
    }

    private static async Task Refused_effect_parks_only_its_event_and_loses_no_other_effect(LogUnderTest log)
    {
        for (var i = 0; i < 20; i++) await log.AppendAsync($"s-{i % 5}", Make.Event()).ConfigureAwait(false);
        foreach (var isBatch in new[] { false, true })
        {
            var target = isBatch ? "batch" : "each";
            void Handle(RecordedEvent e, DeliveryContext delivery) =>
                delivery.Append(target, e.Position.ToInt64() == 8 ? ExpectedVersion.Exactly(77) : ExpectedVersion.Any, [new Added((int)e.Position.ToInt64())]);
            var handler = isBatch
                ? SubscriptionHandler.RawBatches((events, delivery, _) =>
                {
                    foreach (var e in events.Span) Handle(e, delivery);
                    return Task.CompletedTask;
                })
                : SubscriptionHandler.RawEach((e, delivery, _) =>
                {
                    Handle(e, delivery);
                    return Task.CompletedTask;
                });
            var bus = On(log, new EventStore(log.Log, CaseEvents.Types));
            await using (bus.ConfigureAwait(false))
            {
                var options = new SubscriptionOptions { Filter = EventQuery.All.InCategory("s"), CheckpointEvery = 6, OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } };
                var subscription = await bus.SubscribeAsync(target, handler, options).ConfigureAwait(false);
                await WaitAsync(subscription, 20).ConfigureAwait(false);
                Expect.Equal([8, 13, 18], await ParkedAsync(subscription).ConfigureAwait(false), "what is parked");
            }

            var effects = (await log.ReadStreamAsync(target).ConfigureAwait(false)).Select(e => (long)JsonSerializer.Deserialize(e.Data.Span, CaseJson.Default.Added)!.Count);
            Expect.Equal(Make.CountTo(20).Where(p => p % 5 != 3 || p < 8), effects, "the effects");
        }
    }
}
