using EventSourcing.Storage;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Folding;

namespace EventSourcing.Storage;

/// <summary>A projection whose rows are in tables of its own, instead of documents. A database's package derives it; an application derives that package's class.</summary>
/// <remarks>It is built, run, fenced and compared as other projections are. Its handlers run at their events, inside the transaction that writes the set's rows and checkpoint.</remarks>
public abstract class TableProjection : Projection
{
    /// <summary>Names the projection.</summary>
    /// <param name="name">1 to 100 lower-case ASCII letters, digits and dashes; unique among the projections of a store.</param>
    /// <param name="version">1 or more.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the version is below 1.</exception>
#pragma warning disable RS0022 // The base class has no protected members of its own.
    protected TableProjection(string name, int version) : base(name, version)
#pragma warning restore RS0022
    {
    }

    /// <summary>The CLR types of the events that it has handlers for.</summary>
    protected internal abstract IReadOnlyCollection<Type> HandledTypes { get; }

    /// <summary>Its tables. Called after <see cref="EndDeclaration"/>.</summary>
    protected internal abstract OwnTables Tables { get; }

    /// <summary>Refuses further declarations, and a declaration that lacks something. May be called again.</summary>
    /// <exception cref="InvalidOperationException">The declaration lacks something.</exception>
    protected internal abstract void EndDeclaration();

    /// <summary>What runs its handlers in a build.</summary>
    /// <param name="writer">The writer of the build, which disposes of what is returned.</param>
    /// <param name="table">The projection's place among the tables.</param>
    protected internal abstract ITableWriter WriterOf(IViewWriter writer, int table);

    internal override Type RowType => GetType();

    internal override IReadOnlyCollection<Type> EventTypes => HandledTypes;

    internal override IReadOnlyCollection<string> Earlier => [];

    internal override ViewTable Table => new(Name, []) { Own = Tables };

    internal override KeySource? KeySource => null;

    internal override string? NotByKey => "it has tables of its own, and no documents";

    internal override string? NotInline => "it has tables of its own, which are in the file of an async view";

    internal override void Freeze() => EndDeclaration();

    internal override IEnumerable<string> Describe(EventTypeMap types)
    {
        yield return $"tables {Name}";
        foreach (var line in Tables.Describe()) yield return $"  {line}";
        foreach (var line in HandledTypes.Select(type => $"  event {EventNames.NameOf(type, types)}").Order(StringComparer.Ordinal)) yield return line;
    }

    internal override RowFold NewFold(int table) => new TableFold(this, table);
}
