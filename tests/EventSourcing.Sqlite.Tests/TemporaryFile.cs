namespace EventSourcing.Sqlite.Tests;

/// <summary>A database file of one test, removed with what SQLite puts beside it.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("event-sourcing-");

    public string Path => System.IO.Path.Combine(_directory.FullName, "log.db");

    public string Folder => _directory.FullName;

    public void Dispose() => _directory.Delete(recursive: true);
}
