namespace EventSourcing;

/// <summary>Settings of <see cref="EventViews"/>. Validated and copied when it is made; a later change has no effect on it.</summary>
public sealed class EventViewsOptions
{
    /// <summary>What a read does while the first build of a version is not complete. Default: it waits, until it is cancelled.</summary>
    public WhileBuilding WhileBuilding { get; set; } = WhileBuilding.Wait;

    /// <summary>About how much memory the documents of a set that is built or kept up to date may take, in bytes, before they are written and forgotten. Default 64 MiB; from 1 MiB to 16 GiB.</summary>
    public long MaxCacheBytes { get; set; } = 64L << 20;

    /// <summary>The number of handled events after which a running view writes its documents, unless it reaches the head of the log first. Default 10,000; from 1 to 1,000,000.</summary>
    public int WriteEvery { get; set; } = 10_000;

    /// <summary>How long a version of a set is kept after a process last declared it; then a process that runs another version of the set removes its places. Default 30 days; from 1 minute to 10 years, and null keeps it until it is removed by a call.</summary>
    public TimeSpan? RetireAfter { get; set; } = TimeSpan.FromDays(30);

    internal EventViewsOptions Validated()
    {
        var copy = (EventViewsOptions)MemberwiseClone();
        if (!Enum.IsDefined(copy.WhileBuilding)) throw new ArgumentOutOfRangeException(nameof(WhileBuilding), copy.WhileBuilding, "WhileBuilding must be Wait or Fail.");
        if (copy.MaxCacheBytes is < 1L << 20 or > 16L << 30) throw new ArgumentOutOfRangeException(nameof(MaxCacheBytes), copy.MaxCacheBytes, "MaxCacheBytes must be from 1 MiB to 16 GiB.");
        if (copy.WriteEvery is < 1 or > 1_000_000) throw new ArgumentOutOfRangeException(nameof(WriteEvery), copy.WriteEvery, "WriteEvery must be from 1 to 1,000,000 events.");
        if (copy.RetireAfter is { } after && (after < TimeSpan.FromMinutes(1) || after > TimeSpan.FromDays(3653)))
            throw new ArgumentOutOfRangeException(nameof(RetireAfter), after, "RetireAfter must be from 1 minute to 10 years, or null.");
        return copy;
    }
}
