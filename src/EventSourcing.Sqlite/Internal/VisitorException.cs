using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Carries what a visitor threw past the reader, which did its work.</summary>
internal sealed class VisitorException(Exception error) : Exception
{
    private readonly ExceptionDispatchInfo _error = ExceptionDispatchInfo.Capture(error);

    [DoesNotReturn]
    internal void Rethrow() => _error.Throw();
}
