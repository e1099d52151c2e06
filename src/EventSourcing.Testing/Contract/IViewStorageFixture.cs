using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Creates the storage of views for one contract case, without any build at first. A case uses one fixture.</summary>
public interface IViewStorageFixture : IAsyncDisposable
{
    /// <summary>True for storage whose builds are in the file of the log itself (<see cref="IInlineViews.Storage"/>): the path of each is that of the log. False by default.</summary>
    bool IsInLog => false;

    /// <summary>Opens the storage. A second call opens another object on the same places, as another process would; storage that has only one object, such as storage in memory, returns that.</summary>
    /// <returns>The storage, valid until the fixture is disposed.</returns>
    IViewStorage Open();
}
