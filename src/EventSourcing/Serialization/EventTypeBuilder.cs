using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>What an entry of an <see cref="EventTypeMap"/> has beside its name: tags, aliases, schema number and upcasters, constraints, contract, serializer. Not thread-safe; of no use once the entry is added.</summary>
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

    /// <summary>The schema number that is stored with each event. Default 1. Raise it when the shape of the type's bytes changes, and add an upcaster from each older number.</summary>
    /// <param name="version">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> SchemaVersion(int version)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        return With(_entry with { SchemaVersion = version });
    }

    /// <summary>Changes the JSON of an older schema number to that of the next one, where an event of it is read. The stored event stays as it is.</summary>
    /// <param name="from">The older number, 1 or more and less than <see cref="SchemaVersion"/>; each older number has one upcaster.</param>
    /// <param name="upcast">Gets the stored JSON, which it may change, and returns that of number <paramref name="from"/> + 1. What it throws reaches the reader inside an <see cref="EventSerializationException"/>. Depends on its argument alone; called by several threads.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Upcast(int from, Func<JsonObject, JsonObject> upcast)
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return With(new Upcaster(from) { Json = upcast });
    }

    /// <summary>Reads an event of an older schema number as an older CLR type, and makes the current event of it.</summary>
    /// <typeparam name="TOld">The shape of the older number; needs no entry, but a JSON contract where its events are stored as JSON.</typeparam>
    /// <param name="from">The older number, 1 or more and less than <see cref="SchemaVersion"/>; each older number has one upcaster.</param>
    /// <param name="upcast">Makes the current event. What it throws reaches the reader inside an <see cref="EventSerializationException"/>. Depends on its argument alone; called by several threads.</param>
    /// <param name="contract">The JSON contract of the older type. Default: the one that the map's context has.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Upcast<TOld>(int from, Func<TOld, T> upcast, JsonTypeInfo<TOld>? contract = null)
        where TOld : notnull
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return With(new Upcaster(from) { OldType = typeof(TOld), OldContract = contract, One = old => upcast((TOld)old) });
    }

    /// <summary>Makes none, one or several events of the JSON of an older schema number. They have position, version and id of the stored event in common, and an ordinal each (<see cref="EventEnvelope.Ordinal"/>).</summary>
    /// <param name="from">The older number, 1 or more and less than <see cref="SchemaVersion"/>; each older number has one upcaster.</param>
    /// <param name="upcast">Gets the stored JSON and gives the events, in order; an empty sequence for none. Depends on its argument alone; called by several threads.</param>
    /// <param name="into">Every type that it gives, exactly; each has an entry in the map. Queries by these types find the stored event.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> UpcastMany(int from, Func<JsonObject, IEnumerable<object>> upcast, params Type[] into)
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return With(new Upcaster(from) { Many = json => upcast((JsonObject)json), Into = Checked(into) });
    }

    /// <summary>Makes none, one or several events of an event of an older schema number, read as an older CLR type. They have position, version and id of the stored event in common, and an ordinal each (<see cref="EventEnvelope.Ordinal"/>).</summary>
    /// <typeparam name="TOld">The shape of the older number; needs no entry, but a JSON contract (in the map's context) where its events are stored as JSON.</typeparam>
    /// <param name="from">The older number, 1 or more and less than <see cref="SchemaVersion"/>; each older number has one upcaster.</param>
    /// <param name="upcast">Gives the events, in order; an empty sequence for none. Depends on its argument alone; called by several threads.</param>
    /// <param name="into">Every type that it gives, exactly; each has an entry in the map. Queries by these types find the stored event.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> UpcastMany<TOld>(int from, Func<TOld, IEnumerable<object>> upcast, params Type[] into)
        where TOld : notnull
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return With(new Upcaster(from) { OldType = typeof(TOld), Many = old => upcast((TOld)old), Into = Checked(into) });
    }

    /// <summary>Reads every stored event of this type as an event of another one. The type is then read and not written: an append of it is refused, and queries by the other type find its events.</summary>
    /// <typeparam name="TNew">The other type; has an entry in the map, which may be upcast further.</typeparam>
    /// <param name="upcast">Makes the other event. Depends on its argument alone; called by several threads.</param>
    /// <exception cref="InvalidOperationException">The entry is added, or it is read as another type already.</exception>
    public EventTypeBuilder<T> UpcastTo<TNew>(Func<T, TNew> upcast)
        where TNew : notnull
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return WithTarget(old => [upcast(old)], [typeof(TNew)]);
    }

    /// <summary>Reads every stored event of this type as none, one or several events of other types. The type is then read and not written: an append of it is refused, and queries by the other types find its events.</summary>
    /// <param name="upcast">Gives the events, in order; an empty sequence for none. Depends on its argument alone; called by several threads.</param>
    /// <param name="into">Every type that it gives, exactly; each has an entry in the map, which may be upcast further.</param>
    /// <exception cref="InvalidOperationException">The entry is added, or it is read as another type already.</exception>
    public EventTypeBuilder<T> UpcastToMany(Func<T, IEnumerable<object>> upcast, params Type[] into)
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return WithTarget(upcast, Checked(into));
    }

    /// <summary>Adds a constraint that an event must fulfil to be appended: a required value, a range, a length, a pattern. An append with events that violate constraints is refused with all violations of all its events. Stored events are not checked.</summary>
    /// <param name="rule">The rule as a sentence, which the error reports: <c>"The total is from 0 to 10,000"</c>.</param>
    /// <param name="holds">True for an event that fulfils the rule. An exception counts as a violation. Depends on its argument alone; called by several threads.</param>
    /// <exception cref="ArgumentException">The rule is empty, or the entry has it already.</exception>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> Require(string rule, Func<T, bool> holds)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(rule);
        ArgumentNullException.ThrowIfNull(holds);
        if (_entry.Constraints.Any(known => known.Rule == rule)) throw new ArgumentException($"Event type '{_entry.Name}' has the constraint '{rule}' already.", nameof(rule));
        return With(_entry with { Constraints = [.. _entry.Constraints, new(rule, e => holds((T)e))] });
    }

    /// <summary>The type is read and not written yet: an append of it is refused. For a deployment in two steps: first all processes learn to read the type, then one after another writes it.</summary>
    /// <exception cref="InvalidOperationException">The entry is added.</exception>
    public EventTypeBuilder<T> ReadOnly() => With(_entry with { IsReadOnly = true });

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

    private static Type[] Checked(Type[] into)
    {
        ArgumentNullException.ThrowIfNull(into);
        foreach (var type in into) ArgumentNullException.ThrowIfNull(type, nameof(into));
        return [.. into.Distinct()];
    }

    private EventTypeBuilder<T> With(Upcaster step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step.From, 1, "from");
        return With(_entry with { Upcasters = [.. _entry.Upcasters, step] });
    }

    private EventTypeBuilder<T> WithTarget(Func<T, IEnumerable<object>> upcast, Type[] into)
    {
        if (_entry.UpcastTo is { } known)
            throw new InvalidOperationException($"Event type '{_entry.Name}' is read as {known.Target(0)} already, so it cannot be read as {string.Join(", ", into.Select(ContractCheck.NameOf))} too. Give all events in one call: e.UpcastToMany(…).");
        return With(_entry with { UpcastTo = new Upcaster(0) { Many = old => upcast((T)old), Into = into } });
    }

    private EventTypeBuilder<T> With(EventTypeEntry entry)
    {
        if (_isAdded) throw new InvalidOperationException($"The entry '{_entry.Name}' is already added. Change it only inside the delegate of map.Add.");
        _entry = entry;
        return this;
    }
}
