namespace EventSourcing.Testing.Contract;

/// <summary>Assertions that depend on no test framework.</summary>
internal static class Expect
{
    internal static void Equal<T>(T expected, T found, string what)
    {
        if (!AreEqual(expected, found)) throw new ContractViolationException(what, Text(expected), Text(found));
    }

    internal static void Equal<T>(IEnumerable<T> expected, IEnumerable<T> found, string what) =>
        Equal<object>(expected.ToArray(), found.ToArray(), what);

    internal static void True(bool condition, string what)
    {
        if (!condition) throw new ContractViolationException(what, "true", "false");
    }

    internal static async Task<TException> ThrowsAsync<TException>(Func<Task> action, string what) where TException : Exception
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (TException e)
        {
            return e;
        }
        catch (Exception e)
        {
            throw new ContractViolationException(what, typeof(TException).Name, $"{e.GetType().Name}: {e.Message}");
        }

        throw new ContractViolationException(what, typeof(TException).Name, "no exception");
    }

    // Sequences are compared by their elements: a list and an array with equal elements are equal.
    private static bool AreEqual(object? expected, object? found) => expected is System.Collections.IEnumerable left and not string && found is System.Collections.IEnumerable right
        ? left.Cast<object?>().SequenceEqual(right.Cast<object?>())
        : Equals(expected, found);

    private static string Text<T>(T value) => value is System.Collections.IEnumerable and not string and var items
        ? "[" + string.Join(", ", items.Cast<object?>().Take(50)) + "]"
        : value?.ToString() ?? "null";
}
