using EventSourcing.Sqlite.Views;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>Turns events into rows of tables of your own, by SQL in the file of the view set: a projection. Its constructor declares tables and handlers; <see cref="CreateSchema"/> makes the tables.</summary>
/// <remarks>
/// Rows and checkpoint are written in one transaction, so each event is handled exactly once. Handlers are pure: they wait for nothing and cause nothing but rows, and <see cref="EventEnvelope.Timestamp"/> is the only clock. The same events always give the same rows, so the view can be rebuilt and verified at any time.
/// SQL in a handler reads and writes the projection's tables, and reads those of projections before it in the set. It sees everything that earlier events have written. It does not see documents of the set. Everything else is refused: transactions, tables that are not its own, making tables, PRAGMA, ATTACH.
/// </remarks>
/// <example><code>
/// public sealed class SalesByHour : SqliteProjection
/// {
///     public SalesByHour() : base("sales-by-hour", version: 1)
///     {
///         Table("sales_by_hour", key: ["hour", "country"]);
///         On&lt;OrderCreated&gt;((connection, e, envelope) =>
///         {
///             using var add = connection.CreateCommand();
///             add.CommandText = "INSERT INTO sales_by_hour VALUES ($hour, $country, 1, $net) ON CONFLICT DO UPDATE SET orders = orders + 1, net = net + excluded.net";
///             add.Parameters.AddWithValue("$hour", envelope.Timestamp.Hour);
///             add.Parameters.AddWithValue("$country", e.Country);
///             add.Parameters.AddWithValue("$net", e.NetCents);
///             add.ExecuteNonQuery();
///         });
///     }
///
///     protected override void CreateSchema(SqliteConnection connection)
///     {
///         using var create = connection.CreateCommand();
///         create.CommandText = "CREATE TABLE sales_by_hour (hour INTEGER NOT NULL, country TEXT NOT NULL, orders INTEGER NOT NULL, net INTEGER NOT NULL, PRIMARY KEY (hour, country)) WITHOUT ROWID";
///         create.ExecuteNonQuery();
///     }
/// }
/// </code></example>
public abstract class SqliteProjection : TableProjection
{
    private readonly Dictionary<Type, Action<SqliteConnection, EventEnvelope>> _handlers = [];
    private readonly List<DeclaredTable> _declared = [];
    private SqliteTables? _tables;

    /// <summary>Names the projection.</summary>
    /// <param name="name">1 to 100 lower-case ASCII letters, digits and dashes; unique among the projections of a store.</param>
    /// <param name="version">1 or more. Increase it when a handler or a table changes: the new version is built beside the old one.</param>
    /// <exception cref="ArgumentException">The name is not valid, or the version is below 1.</exception>
    protected SqliteProjection(string name, int version) : base(name, version)
    {
    }

    /// <inheritdoc/>
    protected override IReadOnlyCollection<Type> HandledTypes => _handlers.Keys;

    /// <inheritdoc/>
    protected override OwnTables Tables => _tables ?? throw new InvalidOperationException($"Projection '{Name}' is not in use yet.");

    /// <summary>Makes the tables, with their indexes, triggers and first rows. Called inside the transaction that makes the file of a build, and once in a database in memory when the projection is put into a set: it must make the same each time.</summary>
    /// <remarks>The text of the schema is part of the declaration: another one under the same version is an error at the start. Names that begin with <c>es_</c>, temporary tables, transactions, ATTACH and most PRAGMAs are refused. Collations and functions of the connection are not there for other readers: use built-in ones.</remarks>
    /// <param name="connection">The connection, inside the transaction; neither to be closed nor kept.</param>
    protected abstract void CreateSchema(SqliteConnection connection);

    /// <summary>Declares a table that <see cref="CreateSchema"/> makes: how its rows are compared when the view is verified. Every table is declared; virtual tables are not, and are not compared.</summary>
    /// <param name="name">The table's name as in its CREATE TABLE.</param>
    /// <param name="key">The columns that tell its rows apart: its primary key, or the columns of a unique index. Every other column is compared too.</param>
    /// <param name="position">An integer column with the position of the last event that changed the row, for the report of a difference; null, the default, for none.</param>
    /// <exception cref="ArgumentException">The table is declared already, or there is no key.</exception>
    protected void Table(string name, IReadOnlyList<string> key, string? position = null)
    {
        ThrowIfInUse();
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(key);
        if (key.Count == 0 || key.Any(string.IsNullOrEmpty) || key.Distinct(StringComparer.Ordinal).Count() < key.Count) throw new ArgumentException($"The key of the table '{name}' needs at least one column, and each column once.", nameof(key));
        if (_declared.Exists(table => table.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) throw new ArgumentException($"Projection '{Name}' has declared the table '{name}' already.", nameof(name));
        _declared.Add(new(name, [.. key], position));
    }

    /// <summary>Handles events of a type by SQL.</summary>
    /// <typeparam name="T">A type of the type map.</typeparam>
    /// <param name="handle">Gets the connection, which is inside the transaction of the set's file, the event, and its envelope. When it throws, nothing of the event is kept, and the view pauses before it with a <see cref="ViewException"/>. It must dispose of its readers, neither close nor keep the connection, and use it on its own thread.</param>
    /// <exception cref="ArgumentException">The type has a handler already, or the delegate is asynchronous.</exception>
    protected void On<T>(Action<SqliteConnection, T, EventEnvelope> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        SynchronousDelegate.ThrowIfAsync(handle, nameof(handle));
        Add<T>((connection, envelope) => handle(connection, (T)envelope.Data, envelope));
    }

    /// <inheritdoc cref="On{T}(Action{SqliteConnection, T, EventEnvelope})"/>
    protected void On<T>(Action<SqliteConnection, T> handle) where T : notnull
    {
        ArgumentNullException.ThrowIfNull(handle);
        SynchronousDelegate.ThrowIfAsync(handle, nameof(handle));
        Add<T>((connection, envelope) => handle(connection, (T)envelope.Data));
    }

    /// <inheritdoc/>
    /// <exception cref="StoreConfigurationException">The tables cannot be made, or are not those that are declared.</exception>
    protected override void EndDeclaration()
    {
        if (_tables is not null) return;
        if (_handlers.Count == 0) throw new InvalidOperationException($"Projection '{Name}' has no handler. Add at least one in its constructor: On<…>(…).");
        if (_declared.Count == 0) throw new InvalidOperationException($"Projection '{Name}' declares no table. Add at least one in its constructor: Table(…, key: […]).");
        var tables = new SqliteTables(Name, CreateSchema, [.. _declared]);
        // Finds now what is wrong with the tables.
        _ = tables.Names;
        _tables = tables;
    }

    /// <inheritdoc/>
    protected override ITableWriter WriterOf(IViewWriter writer, int table)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var transaction = writer.Find<HandlerTransaction>() ?? throw new ArgumentException($"The writer {writer.GetType()} does not write a SQLite file with tables of projections.", nameof(writer));
        return new TableWriter(transaction, table, _handlers);
    }

    private void Add<T>(Action<SqliteConnection, EventEnvelope> handle)
    {
        ThrowIfInUse();
        if (!_handlers.TryAdd(typeof(T), handle)) throw new ArgumentException($"Projection '{Name}' has a handler for {typeof(T)} already.", nameof(handle));
    }

    private void ThrowIfInUse()
    {
        if (_tables is not null) throw new InvalidOperationException($"Projection '{Name}' is in use: its tables and handlers are declared in its constructor.");
    }
}
