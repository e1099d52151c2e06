using EventSourcing.Storage;
using EventSourcing.Testing.Contract;

namespace EventSourcing.Sqlite.Tests;

internal sealed class SqliteFixture : ILogFixture
{
    private readonly TemporaryFile _file = new();

    public LogCapabilities Capabilities => LogCapabilities.Durable | LogCapabilities.Shared | LogCapabilities.UserWork | LogCapabilities.Catalog;

    public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) =>
        new(SqliteEventLog.Open(_file.Path, new() { TimeProvider = timeProvider ?? TimeProvider.System }));

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return default;
    }
}
