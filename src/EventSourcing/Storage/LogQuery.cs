using System.Runtime.InteropServices;
using System.Text;

namespace EventSourcing.Storage;

/// <summary>Which events, by stored names: items joined by OR; within an item, one of its types AND all its tags AND its category AND its stream.</summary>
/// <remarks>
/// The form that a log evaluates, in reads and in conditions. The terms and rules are those of the DCB specification (dcb.events/specification), plus category and stream. Immutable.
/// An event that matches several items is still one event. An item has at least one criterion. Programs that know their CLR types write an <c>EventQuery</c>, which a store turns into this.
/// </remarks>
/// <example><c>LogQuery.OfTypes("user-registered").Tagged("email", email)</c>, <c>LogQuery.All.InCategory("order")</c></example>
public sealed class LogQuery
{
    private readonly LogQueryItem[] _items;

    internal LogQuery(LogQueryItem[] items) => _items = items;

    /// <summary>Every event.</summary>
    public static LogQuery All { get; } = new([]);

    /// <summary>The items joined by OR; empty for <see cref="All"/>.</summary>
    public IReadOnlyList<LogQueryItem> Items => ImmutableCollectionsMarshal.AsImmutableArray(_items);

    /// <summary>True when every event matches.</summary>
    public bool IsAll => _items.Length == 0;

    /// <summary>Events whose stored type name is one of these.</summary>
    /// <param name="types">At least one name.</param>
    /// <exception cref="ArgumentException">No name is given, or one is not valid.</exception>
    public static LogQuery OfTypes(params string[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new([new LogQueryItem(types)]);
    }

    /// <summary>Events that match any of these items.</summary>
    /// <param name="items">At least one item; for every event write <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">No item is given.</exception>
    public static LogQuery Of(params LogQueryItem[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Length == 0) throw new ArgumentException("A query needs at least one item. For every event, use LogQuery.All.", nameof(items));
        foreach (var item in items) ArgumentNullException.ThrowIfNull(item, nameof(items));
        return new([.. items]);
    }

    /// <summary>The same query; each item also requires this tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    /// <exception cref="ArgumentException">Name or value is not valid for a <see cref="Tag"/>.</exception>
    public LogQuery Tagged(string name, string value)
    {
        var tag = new Tag(name, value);
        return Narrow(item => LogQueryItem.Tagged(item, tag));
    }

    /// <summary>The same query; each item also requires a stream of this category (see <see cref="StreamId.Category"/>).</summary>
    /// <param name="category">The part of a stream name before its first dash.</param>
    /// <exception cref="ArgumentException">The category is empty, or an item already requires another one.</exception>
    public LogQuery InCategory(string category) => Narrow(item => LogQueryItem.InCategory(item, category));

    /// <summary>The same query; each item also requires this stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, or an item already requires another one.</exception>
    public LogQuery InStream(StreamId stream) => Narrow(item => LogQueryItem.InStream(item, stream));

    /// <summary>Events that match this query or the other.</summary>
    /// <param name="other">The other query.</param>
    public LogQuery Or(LogQuery other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsAll || other.IsAll ? All : new([.. _items, .. other._items]);
    }

    /// <summary>True when an event of this type name, stream and tags matches.</summary>
    /// <param name="type">The stored type name.</param>
    /// <param name="stream">The event's stream.</param>
    /// <param name="tags">The event's tags.</param>
    public bool Matches(string type, StreamId stream, IReadOnlyList<Tag> tags)
    {
        if (IsAll) return true;
        foreach (var item in _items)
            if (item.Matches(type, stream, tags)) return true;
        return false;
    }

    /// <summary>The one stream that every item requires; null where there is not one.</summary>
    internal StreamId? Stream => _items is [{ Stream: { } stream }, ..] && Array.TrueForAll(_items, item => item.Stream == stream) ? stream : default(StreamId?);

    /// <summary>Items joined by OR, criteria by AND.</summary>
    public override string ToString() => IsAll ? "all events" : new StringBuilder().AppendJoin(" OR ", (object[])_items).ToString();

    private LogQuery Narrow(Func<LogQueryItem?, LogQueryItem> narrow) => new(IsAll ? [narrow(null)] : Array.ConvertAll(_items, item => narrow(item)));
}
