using System.Reflection;
using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>Refuses asynchronous code where nothing would wait for it.</summary>
internal static class SynchronousDelegate
{
    /// <summary>Throws when a delegate is an async method or lambda, or returns something that is to be awaited.</summary>
    /// <param name="work">The delegate.</param>
    /// <param name="name">The parameter that it was given for.</param>
    /// <exception cref="ArgumentException">It is asynchronous.</exception>
    internal static void ThrowIfAsync(Delegate work, string name)
    {
        foreach (var single in work.GetInvocationList())
            if (single.Method.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false) || IsAwaited(single.Method))
                throw new ArgumentException($"The delegate '{name}' is asynchronous, and nothing would wait for it: its work would be done too late or never, and what it throws would be lost. Await before this call, or pass a synchronous delegate.", name);
    }

    /// <summary>A delegate's result, where it is nothing to be awaited; a delegate that returns <see cref="object"/> may still return a task.</summary>
    /// <param name="result">The result.</param>
    /// <param name="name">The parameter that the delegate was given for.</param>
    /// <exception cref="ArgumentException">The result is a task.</exception>
    internal static T NotAwaited<T>(T result, string name) => result is Task or ValueTask
        ? throw new ArgumentException($"The result of '{name}' is a task, and nothing would wait for it. Nothing was kept. Await before this call, or pass a synchronous delegate.", name)
        : result;

    private static bool IsAwaited(MethodInfo method) =>
        typeof(Task).IsAssignableFrom(method.ReturnType)
        || method.ReturnType == typeof(ValueTask)
        || (method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() is var type && (type == typeof(ValueTask<>) || type == typeof(IAsyncEnumerable<>)));
}
