using System.Text;

namespace EventSourcing;

/// <summary>Which events: items joined by OR; within an item, one of its types AND all its tags AND its category AND its stream.</summary>
/// <remarks>
/// The words and rules of the DCB specification (dcb.events/specification), plus category and stream. Immutable.
/// An event that matches several items is still one event. An item has at least one criterion.
/// </remarks>
/// <example><c>EventQuery.Of&lt;UserRegistered&gt;().Tagged("email", email)</c>, <c>EventQuery.All.InCategory("order")</c></example>
public sealed class EventQuery
{
    private EventQuery(IReadOnlyList<EventQueryItem> items) => Items = items;

    /// <summary>Every event.</summary>
    public static EventQuery All { get; } = new([]);

    /// <summary>The items joined by OR; empty for <see cref="All"/>.</summary>
    public IReadOnlyList<EventQueryItem> Items { get; }

    /// <summary>True when every event matches.</summary>
    public bool IsAll => Items.Count == 0;

    /// <summary>Events of one type of the type map.</summary>
    /// <typeparam name="T">An event type; a type map gives its names.</typeparam>
    public static EventQuery Of<T>() => Of(typeof(T));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <typeparam name="T1">An event type.</typeparam>
    /// <typeparam name="T2">An event type.</typeparam>
    public static EventQuery Of<T1, T2>() => Of(typeof(T1), typeof(T2));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <typeparam name="T1">An event type.</typeparam>
    /// <typeparam name="T2">An event type.</typeparam>
    /// <typeparam name="T3">An event type.</typeparam>
    public static EventQuery Of<T1, T2, T3>() => Of(typeof(T1), typeof(T2), typeof(T3));

    /// <summary>Events of any of these types of the type map.</summary>
    /// <param name="types">At least one type.</param>
    /// <exception cref="ArgumentException">No type is given.</exception>
    public static EventQuery Of(params Type[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new([new EventQueryItem([], types, [], null, null)]);
    }

    /// <summary>Events whose stored type name is one of these, known to a type map or not.</summary>
    /// <param name="types">At least one name.</param>
    /// <exception cref="ArgumentException">No name is given, or one is not valid.</exception>
    public static EventQuery OfTypes(params string[] types)
    {
        ArgumentNullException.ThrowIfNull(types);
        return new([new EventQueryItem(types)]);
    }

    /// <summary>Events that match any of these items.</summary>
    /// <param name="items">At least one item; for every event say <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">No item is given.</exception>
    public static EventQuery Of(params EventQueryItem[] items)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Length == 0) throw new ArgumentException("A query of no items would match nothing; every event is EventQuery.All.", nameof(items));
        foreach (var item in items) ArgumentNullException.ThrowIfNull(item, nameof(items));
        return new([.. items]);
    }

    /// <summary>The same query, each item also demanding this tag.</summary>
    /// <param name="name">The tag's name.</param>
    /// <param name="value">The tag's value.</param>
    /// <exception cref="ArgumentException">Name or value is not valid for a <see cref="Tag"/>.</exception>
    public EventQuery Tagged(string name, string value)
    {
        var tag = new Tag(name, value);
        return Narrow(item => item.With(tags: [.. item.Tags, tag]), new EventQueryItem(tags: [tag]));
    }

    /// <summary>The same query, each item also demanding a stream of this category (see <see cref="StreamId.Category"/>).</summary>
    /// <param name="category">The part of a stream name before its first dash.</param>
    /// <exception cref="ArgumentException">The category is empty, or an item already demands another one.</exception>
    public EventQuery InCategory(string category)
    {
        ArgumentException.ThrowIfNullOrEmpty(category);
        return Narrow(
            item => item.Category is null || item.Category == category
                ? item.With(category: category)
                : throw new ArgumentException($"No stream is in the categories '{item.Category}' and '{category}'.", nameof(category)),
            new EventQueryItem(category: category));
    }

    /// <summary>The same query, each item also demanding this stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, or an item already demands another one.</exception>
    public EventQuery InStream(StreamId stream)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) names no stream.", nameof(stream));
        return Narrow(
            item => item.Stream is null || item.Stream == stream
                ? item.With(stream: stream)
                : throw new ArgumentException($"No event is in the streams '{item.Stream}' and '{stream}'.", nameof(stream)),
            new EventQueryItem(stream: stream));
    }

    /// <summary>Events that match this query or the other.</summary>
    /// <param name="other">The other query.</param>
    public EventQuery Or(EventQuery other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return IsAll || other.IsAll ? All : new([.. Items, .. other.Items]);
    }

    /// <summary>True when an event of this type name, stream and tags matches. Items that still name CLR types never match.</summary>
    /// <param name="type">The stored type name.</param>
    /// <param name="stream">The event's stream.</param>
    /// <param name="tags">The event's tags.</param>
    public bool Matches(string type, StreamId stream, IReadOnlyList<Tag> tags)
    {
        if (IsAll) return true;
        for (var i = 0; i < Items.Count; i++)
            if (Items[i].Matches(type, stream, tags)) return true;
        return false;
    }

    /// <summary>Items joined by OR, criteria by AND.</summary>
    public override string ToString() => IsAll ? "all events" : new StringBuilder().AppendJoin(" OR ", Items).ToString();

    /// <summary>The query with every CLR type replaced by the stored names <paramref name="names"/> gives for it.</summary>
    internal EventQuery Resolve(Func<Type, IEnumerable<string>> names)
    {
        foreach (var item in Items)
            if (item.ClrTypes.Count > 0)
                return new([.. Items.Select(i => i.Resolve(names))]);
        return this;
    }

    private EventQuery Narrow(Func<EventQueryItem, EventQueryItem> narrow, EventQueryItem whenAll) =>
        new(IsAll ? [whenAll] : [.. Items.Select(narrow)]);
}
