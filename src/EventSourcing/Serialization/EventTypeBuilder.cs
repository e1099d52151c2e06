using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>What an entry of an <see cref="EventTypeMap"/> has beside its name: tags, aliases, schema version, contract, serializer. Not thread-safe; of no use once the entry is added.</summary>
/// <typeparam name="T">The event's CLR type.</typeparam>
public sealed class EventTypeBuilder<T>
    where T : notnull
{
    private EventTypeEntry _entry;
    private bool _isAdded;

    internal EventTypeBuilder(string name) => _entry = new(name, typeof(T));

    /// <summary>Makes a JSON property of the event a tag. Holds for events that are stored as JSON; others have the tags of their <see cref="EventData"/> only.</summary>
    /// <param name="tag">The tag's name.</param>
    /// <param name="property">The name of the property in JSON, at the top of the event: <c>customerEmail</c> where the contract writes camel case.</param>
    /// <exception cref="ArgumentException">The name is not valid for a <see cref="EventSourcing.Tag"/>, or the property has this tag already.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Tag(string tag, string property)
    {
        ArgumentException.ThrowIfNullOrEmpty(property);
        if (!EventSourcing.Tag.TryCreate(tag, "", out _, out var reason)) throw new ArgumentException(reason, nameof(tag));
        if (_entry.Tags.Contains((tag, property))) throw new ArgumentException($"Event type '{_entry.Name}' has the tag '{tag}' of the property '{property}' already.", nameof(tag));
        return With(_entry with { Tags = [.. _entry.Tags, (tag, property)] });
    }

    /// <summary>Adds a name that is read as this type and never written: the name of events appended in SQL, or an earlier name. Tag rules, queries and conditions by the type hold for all of its names.</summary>
    /// <param name="name">The name, 1 to 512 bytes of UTF-8.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the entry has it already.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Alias(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Name.ThrowIfInvalid(name, "event type name", nameof(name));
        if (_entry.Names.Contains(name)) throw new ArgumentException($"Event type '{_entry.Name}' ({ContractCheck.NameOf(typeof(T))}) has the name '{name}' already.", nameof(name));
        return With(_entry with { Aliases = [.. _entry.Aliases, name] });
    }

    /// <summary>The schema number that is stored with each event. Default 1. Raise it when the shape of the type's bytes changes.</summary>
    /// <param name="version">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> SchemaVersion(int version)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        return With(_entry with { SchemaVersion = version });
    }

    /// <summary>The JSON contract. Default: the one that the map's context has for the type.</summary>
    /// <param name="contract">The contract.</param>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Contract(JsonTypeInfo<T> contract)
    {
        ArgumentNullException.ThrowIfNull(contract);
        return With(_entry with { Contract = contract });
    }

    /// <summary>Writes the events of this type, and reads those stored in its form. Default: the map's (<see cref="EventTypeMapBuilder.UseSerializer"/>). The type then needs no JSON contract, unless events of it are stored as JSON too.</summary>
    /// <param name="serializer">The serializer.</param>
    /// <exception cref="ArgumentException">The serializer contradicts itself.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Serializer(IEventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        StoredForms.ThrowIfInvalid(serializer, nameof(serializer));
        return With(_entry with { Serializer = serializer });
    }

    internal EventTypeEntry Build()
    {
        _isAdded = true;
        return _entry;
    }

    private EventTypeBuilder<T> With(EventTypeEntry entry)
    {
        if (_isAdded) throw new InvalidOperationException($"The entry '{_entry.Name}' is already added. Change it only inside the delegate of map.Add.");
        _entry = entry;
        return this;
    }
}
