using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Views.Declaring;

namespace EventSourcing.Views.Serving;

/// <summary>The records that name the serving builds, and the places of the builds. Thread-safe.</summary>
/// <param name="log">The log.</param>
/// <param name="storage">The places.</param>
/// <param name="time">The clock of <see cref="ViewRecord.HeldAt"/>.</param>
internal sealed class ViewDirectory(IEventLog log, IViewStorage storage, TimeProvider time)
{
    private static readonly TimeSpan s_heldInterval = TimeSpan.FromSeconds(30);

    // A reference: a Guid is not read and written in one step.
    private volatile object? _logId;

    internal IEventLog Log => log;

    internal IViewStorage Storage => storage;

    /// <summary>The log's id, drawn when the first view is built. Copies of the log have the same.</summary>
    internal async ValueTask<Guid> GetLogIdAsync(CancellationToken cancellationToken)
    {
        if (_logId is Guid known) return known;
        var found = await FindLogIdAsync(cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            await log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.View, ViewRecord.LogIdKey, Guid.NewGuid().ToByteArray(), 0).OrSkip()] }, cancellationToken).ConfigureAwait(false);
            // Another process may have been first.
            found = await FindLogIdAsync(cancellationToken).ConfigureAwait(false);
        }

        _logId = found;
        return found!.Value;
    }

    private async ValueTask<Guid?> FindLogIdAsync(CancellationToken cancellationToken)
    {
        var found = await log.ReadRecordsAsync(RecordKind.View, ViewRecord.LogIdKey, ViewRecord.LogIdKey, 1, cancellationToken).ConfigureAwait(false);
        if (found.Count == 0) return null;
        return found[0].Value.Length == 16 ? new Guid(found[0].Value.Span) : throw new StoreCorruptException("its form is not known", "the id of the log") { RecordKey = ViewRecord.LogIdKey };
    }

    /// <summary>The size of a build's file in bytes; null where there is none.</summary>
    internal static long? SizeOf(string? path) => path is not null && new FileInfo(path) is { Exists: true } file ? file.Length : null;

    /// <summary>Reads the record of a version of a set; null when there is none.</summary>
    internal async ValueTask<(ViewRecord Record, long Revision)?> FindAsync(string set, int version, CancellationToken cancellationToken)
    {
        var key = ViewRecord.KeyOf(set, version);
        var found = await log.ReadRecordsAsync(RecordKind.View, key, key, 1, cancellationToken).ConfigureAwait(false);
        return found is [var record] ? (ViewRecord.Parse(record), record.Revision) : null;
    }

    /// <summary>Reads the records of all versions of all sets.</summary>
    internal async ValueTask<IReadOnlyList<(string Set, int Version, ViewRecord Record, long Revision)>> ReadAllAsync(CancellationToken cancellationToken)
    {
        var all = new List<(string, int, ViewRecord, long)>();
        for (var from = ""; ;)
        {
            var page = await log.ReadRecordsAsync(RecordKind.View, from, null, 256, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) return all;
            foreach (var record in page)
                if (ViewRecord.TryParseKey(record.Key, out var set, out var version)) all.Add((set, version, ViewRecord.Parse(record), record.Revision));
            from = page[^1].Key + " ";
        }
    }

    /// <summary>Records that a process declares a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="declaration">Its declaration in the canonical form.</param>
    /// <param name="isToRun">True where the process will run the set: the log must be writable. A process that only reads may have opened it for reading only; its versions are retired as if it did not read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ViewDeclarationException">The declaration differs from the recorded one, or a newer version is recorded and this one is not.</exception>
    internal async ValueTask RegisterAsync(ViewSet set, string declaration, bool isToRun, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false);
            if (found is { } known) ThrowIfChanged(set, known.Record.Declaration, declaration);
            else await ThrowIfNewerAsync(set, cancellationToken).ConfigureAwait(false);
            var record = found?.Record ?? new(0, 0, declaration, default);
            var now = time.GetUtcNow();
            // Many processes that start and read write no more than this.
            if (!isToRun && found is not null && record.HeldAt > now - s_heldInterval && record.HeldAt <= now) return;
            try
            {
                if (await TryPutAsync(set, record with { HeldAt = now }, found?.Revision ?? 0, [], cancellationToken).ConfigureAwait(false)) return;
            }
            catch (StoreReadOnlyException) when (!isToRun && found is not null)
            {
                return;
            }
        }
    }

    /// <summary>Gives a new build its number: higher than that of every build that is recorded or has a place.</summary>
    internal async ValueTask<ViewBuildId> NextBuildAsync(ViewSet set, Lease lease, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (record, revision) = await GetAsync(set, cancellationToken).ConfigureAwait(false);
            var next = Math.Max(record.Last, BuildsOf(set.Name, set.Version).Select(id => id.Build).DefaultIfEmpty().Max()) + 1;
            if (await TryPutAsync(set, record with { Last = next, Code = set.Code }, revision, lease.Requirements, cancellationToken).ConfigureAwait(false)) return new(set.Name, set.Version, next);
            if (!lease.IsHeld) throw lease.Error();
        }
    }

    /// <summary>Makes a build the one that is read.</summary>
    /// <exception cref="LeaseLostException">Another process builds the set.</exception>
    internal async ValueTask ServeAsync(ViewSet set, ViewBuildId build, Lease lease, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (record, revision) = await GetAsync(set, cancellationToken).ConfigureAwait(false);
            if (await TryPutAsync(set, record with { Serving = build.Build, Last = Math.Max(record.Last, build.Build) }, revision, lease.Requirements, cancellationToken).ConfigureAwait(false)) return;
            if (!lease.IsHeld) throw lease.Error();
        }
    }

    /// <summary>Forgets a version of a set, and removes its places.</summary>
    /// <returns>False when there is neither record nor place.</returns>
    internal async ValueTask<bool> RemoveAsync(string set, int version, CancellationToken cancellationToken)
    {
        var found = await FindAsync(set, version, cancellationToken).ConfigureAwait(false);
        if (found is not null) await log.WriteAsync(new() { Changes = [RecordChange.Remove(RecordKind.View, ViewRecord.KeyOf(set, version))] }, cancellationToken).ConfigureAwait(false);
        var builds = BuildsOf(set, version);
        foreach (var build in builds) storage.TryRemove(build);
        return found is not null || builds.Count > 0;
    }

    /// <exception cref="StoreConfigurationException">A set that was registered has no record any more.</exception>
    internal async ValueTask ThrowIfRemovedAsync(ViewSet set, CancellationToken cancellationToken) => _ = await GetAsync(set, cancellationToken).ConfigureAwait(false);

    /// <summary>The builds of a version that have a place.</summary>
    internal IReadOnlyList<ViewBuildId> BuildsOf(string set, int version) => [.. storage.FindBuilds().Where(id => id.Set == set && id.Version == version)];

    private async ValueTask<(ViewRecord Record, long Revision)> GetAsync(ViewSet set, CancellationToken cancellationToken) =>
        await FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false)
        ?? throw new StoreConfigurationException($"View set '{set}' was removed from the log while it was in use. Start it to build it again.");

    private async ValueTask<bool> TryPutAsync(ViewSet set, ViewRecord record, long revision, IReadOnlyList<RecordRequirement> requirements, CancellationToken cancellationToken)
    {
        var write = new LogWrite { Requirements = requirements, Changes = [record.Put(ViewRecord.KeyOf(set.Name, set.Version), revision)] };
        return (await log.WriteAsync(write, cancellationToken).ConfigureAwait(false)).Refusal is null;
    }

    private static void ThrowIfChanged(ViewSet set, string before, string now)
    {
        if (before != now) throw new ViewDeclarationException(set.Name, set.Version, DeclarationDifference.Between(before, now));
    }

    private async ValueTask ThrowIfNewerAsync(ViewSet set, CancellationToken cancellationToken)
    {
        var newest = (await ReadAllAsync(cancellationToken).ConfigureAwait(false)).Where(v => v.Set == set.Name).Select(v => v.Version).DefaultIfEmpty().Max();
        if (newest > set.Version) throw new ViewDeclarationException(set.Name, set.Version, newest);
    }
}
