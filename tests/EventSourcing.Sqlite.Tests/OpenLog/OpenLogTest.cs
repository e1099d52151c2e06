using System.Globalization;
using System.Text;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>A log in a file of its own, a foreign connection to it, and short words for both.</summary>
public abstract class OpenLogTest
{
    private TemporaryFile _file = null!;

    protected SqliteEventLog Log { get; private set; } = null!;

    protected string Path => _file.Path;

    [SetUp]
    public void Open()
    {
        _file = new();
        Log = SqliteEventLog.Open(Path);
    }

    [TearDown]
    public async Task Close()
    {
        await Log.DisposeAsync();
        _file.Dispose();
    }

    protected async Task ReopenAsync()
    {
        await Log.DisposeAsync();
        Log = SqliteEventLog.Open(Path);
    }

    /// <summary>Hands over the rules of a type map, and writes something that leaves nothing behind: with that they are in the file.</summary>
    protected async Task StoreRulesAsync(EventTypeMap types)
    {
        _ = new EventStore(Log, types);
        await Log.RemoveCaptureAsync("none");
    }

    protected static LogEvent Event(string type, string json, Guid? id = null, params Tag[] tags) =>
        new() { Type = type, Data = Encoding.UTF8.GetBytes(json), IsJson = true, Id = id, Tags = tags };

    protected ValueTask<AppendResult> AppendAsync(string stream, params LogEvent[] events) =>
        Log.AppendAsync(new() { Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, events) } }, default);

    protected async Task<List<RecordedEvent>> AllAsync(SqliteEventLog? log = null, LogQuery? query = null)
    {
        var events = new List<RecordedEvent>();
        await foreach (var e in (log ?? Log).ReadEventsAsync(new AllRead { Query = query })) events.Add(e);
        return events;
    }

    protected SqliteConnection Connect(string settings = "")
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False;{settings}");
        connection.Open();
        return connection;
    }

    /// <summary>Runs SQL as a program other than the library would.</summary>
    protected int Sql(string sql, params (string Name, object? Value)[] parameters)
    {
        using var connection = Connect();
        return connection.Run(sql, parameters);
    }

    protected object? Scalar(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is var value and not DBNull ? value : null;
    }

    protected long Count(string from) => Convert.ToInt64(Scalar($"SELECT count(*) FROM {from}"), CultureInfo.InvariantCulture);

    /// <summary>Every row of every table of the log, as text.</summary>
    protected string Dump()
    {
        var text = new StringBuilder();
        using var connection = Connect();
        foreach (var table in connection.Rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'es~_%' ESCAPE '~' ORDER BY name"))
        {
            text.AppendLine(table);
            var columns = connection.Rows($"SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info('{table}')").Single();
            foreach (var row in connection.Rows($"SELECT {columns} FROM {table} ORDER BY 1")) text.AppendLine(row);
        }

        return text.ToString();
    }
}
