using EventSourcing.Storage;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Folding;

namespace EventSourcing;

/// <summary>The code of a view: turns events into documents. Derive from <see cref="Projection{TRow}"/>.</summary>
public abstract class Projection
{
    private protected Projection(string name, int version)
    {
        ViewNames.ThrowIfInvalidSet(name, nameof(name));
        if (version < 1) throw new ArgumentOutOfRangeException(nameof(version), version, $"Projection '{name}' needs a version: 1 for the first, one more whenever the handlers or the document change.");
        (Name, Version) = (name, version);
    }

    /// <summary>The name: 1 to 100 lower-case ASCII letters, digits and dashes. Also the name of the SQL view.</summary>
    public string Name { get; }

    /// <summary>The version, 1 or more. A new one builds beside the old.</summary>
    public int Version { get; }

    /// <summary>The CLR type of the documents.</summary>
    internal abstract Type RowType { get; }

    /// <summary>The CLR types of the events that it has handlers for.</summary>
    internal abstract IReadOnlyCollection<Type> EventTypes { get; }

    /// <summary>The names of the projections before it in its set that it reads.</summary>
    internal abstract IReadOnlyCollection<string> Earlier { get; }

    /// <summary>What it stores.</summary>
    internal abstract ViewTable Table { get; }

    /// <summary>The stream or the tag that a key stands for; null where the key is computed.</summary>
    internal abstract KeySource? KeySource { get; }

    /// <summary>Why the document of one key cannot be built by itself; null where it can.</summary>
    internal abstract string? NotByKey { get; }

    /// <summary>Why it cannot be folded at each read; null where it can.</summary>
    internal virtual string? NotLive => NotByKey;

    /// <summary>Why it cannot be written in the transactions of appends; null where it can.</summary>
    internal virtual string? NotInline => null;

    /// <summary>Refuses further declarations, and a declaration that lacks something.</summary>
    internal abstract void Freeze();

    /// <summary>Its declaration in the canonical form that is compared with the stored one.</summary>
    internal abstract IEnumerable<string> Describe(EventTypeMap types);

    /// <summary>The documents while events are folded.</summary>
    internal abstract RowFold NewFold(int table);
}
