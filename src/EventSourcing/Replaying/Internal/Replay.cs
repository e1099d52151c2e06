using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Building;

namespace EventSourcing.Replaying;

/// <summary>One replay: reads and decodes events ahead and hands them to the handler.</summary>
internal sealed class Replay<T>(IEventLog log, ReplayTarget<T> target, ReplayOptions options)
{
    private readonly Pace? _pace = options.Speed is { } speed ? new(options.TimeProvider, speed) : null;
    private long _events;

    internal async Task<ReplayResult> RunAsync(CancellationToken cancellationToken)
    {
        var stream = target.Filter.Query?.Stream;
        var after = await log.FindPositionAsync(options.After, stream, cancellationToken).ConfigureAwait(false);
        var through = await log.FindPositionAsync(options.Through, stream, cancellationToken).ConfigureAwait(false);
        if (through < after) throw new ArgumentException($"The replay ends with {options.Through} (position {through}), before its start after {options.After} (position {after}). {nameof(ReplayOptions.Through)} must not be before {nameof(ReplayOptions.After)}.", nameof(options));
        var meter = new ProgressMeter(options.Progress, options.TimeProvider, after);
        var read = new AllRead { Query = target.Filter.Query, AfterPosition = after, ThroughPosition = through, MaxCount = target.PageSize };
        if (options.Partitions == 1) await InOrderAsync(read, meter, through, cancellationToken).ConfigureAwait(false);
        else await InPartitionsAsync(read, meter, through, cancellationToken).ConfigureAwait(false);
        meter.Report(through, through, isEnd: true);
        return new(through, _events);
    }

    private async Task InOrderAsync(AllRead read, ProgressMeter meter, GlobalPosition end, CancellationToken cancellationToken)
    {
        await foreach (var page in DecodedPages.ReadAsync<T>(log, target.TryDecode, read, cancellationToken).ConfigureAwait(false))
        {
            foreach (var decoded in page.Events)
            {
                var stored = decoded;
                cancellationToken.ThrowIfCancellationRequested();
                if (!Admits(ref stored)) continue;
                if (_pace is not null) await _pace.WaitAsync(target.PlaceOf(stored).Timestamp, cancellationToken).ConfigureAwait(false);
                await target.RunAsync(stored, cancellationToken).ConfigureAwait(false);
                if (_pace is not null) meter.Report(target.PlaceOf(stored).Position, end, isEnd: false);
            }

            meter.Report(page.Through, end, isEnd: false);
        }
    }

    private async Task InPartitionsAsync(AllRead read, ProgressMeter meter, GlobalPosition end, CancellationToken cancellationToken)
    {
        using var partitions = new ReplayPartitions<T>(target, options.Partitions, cancellationToken);
        var token = partitions.Stopping;
        try
        {
            await foreach (var page in DecodedPages.ReadAsync<T>(log, target.TryDecode, read, token).ConfigureAwait(false))
            {
                foreach (var decoded in page.Events)
                {
                    var stored = decoded;
                    if (!Admits(ref stored)) continue;
                    if (_pace is not null) await _pace.WaitAsync(target.PlaceOf(stored).Timestamp, token).ConfigureAwait(false);
                    partitions.Add(stored);
                    // Events that are due do not wait for others.
                    if (_pace is not null) await partitions.FlushAsync(target.PlaceOf(stored).Position).ConfigureAwait(false);
                }

                await partitions.FlushAsync(page.Through).ConfigureAwait(false);
                if (partitions.FindHandled() is { } handled) meter.Report(handled, end, isEnd: false);
            }
        }
        finally
        {
            // What was read is handled, also when the next event cannot be read. A handler's exception takes the place of the cancellation that it causes.
            await partitions.CompleteAsync().ConfigureAwait(false);
        }
    }

    private bool Admits(ref T stored)
    {
        var whole = stored;
        try
        {
            var count = target.Select(ref stored);
            _events += count;
            return count > 0;
        }
        catch (Exception e) when (e is not EventSerializationException)
        {
            throw target.ErrorOf(whole, e);
        }
    }
}
