using EventSourcing.Storage;

namespace EventSourcing.Views.Declaring;

/// <summary>A declared meaning of keys: the stream or a tag. So the events of one key can be read.</summary>
internal abstract record KeySource
{
    /// <summary>Finds the keys of events.</summary>
    internal abstract KeyRule<TRow> Rule<TRow>() where TRow : class;

    /// <summary>Of the events of a query, those of a key.</summary>
    internal abstract EventQuery Narrow(EventQuery events, string key);
}

/// <summary>The key is the stream.</summary>
/// <param name="Category">The category that the key is without; null where it is the whole name.</param>
internal sealed record StreamKey(string? Category) : KeySource
{
    internal override KeyRule<TRow> Rule<TRow>() => new((_, envelope) => Find(envelope.StreamId), null);

    internal override EventQuery Narrow(EventQuery events, string key) => events.InStream(Category is null ? key : $"{Category}-{key}");

    public override string ToString() => Category is null ? "stream" : $"stream of category {Category}";

    private string Find(StreamId stream)
    {
        if (Category is null) return stream.Value;
        return stream.IsInCategory(Category)
            ? stream.Id
            : throw new InvalidOperationException($"the key is the id of streams of category '{Category}', and the event's stream is '{stream}'");
    }
}

/// <summary>The key is the value of a tag.</summary>
/// <param name="Name">The tag's name.</param>
internal sealed record TagKey(string Name) : KeySource
{
    internal override KeyRule<TRow> Rule<TRow>() => new(null, (_, envelope, _) => Find(envelope));

    internal override EventQuery Narrow(EventQuery events, string key) => events.Tagged(Name, key);

    public override string ToString() => $"tag {Name}";

    private string[] Find(EventEnvelope envelope)
    {
        var keys = envelope.Tags.Where(tag => tag.Name == Name).Select(tag => tag.Value).ToArray();
        return keys.Length > 0 ? keys : throw new InvalidOperationException($"the key is tag '{Name}', and the event does not carry it");
    }
}
