using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>Refuses asynchronous delegates where the task would not be awaited.</summary>
internal static class SynchronousDelegate
{
    /// <summary>Throws when a delegate is an async method or lambda, or returns a task.</summary>
    /// <param name="work">The delegate.</param>
    /// <param name="name">The parameter that it was given for.</param>
    /// <exception cref="ArgumentException">It is asynchronous.</exception>
    internal static void ThrowIfAsync(Delegate work, string name)
    {
        foreach (var single in work.GetInvocationList())
            if (single.Method.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false) || IsAwaitable(single.Method.ReturnType))
                throw new ArgumentException($"The delegate '{name}' is asynchronous, and nothing would wait for it: its work would be done too late or never, and its exception would be lost. Await before this call, or pass a synchronous delegate.", name);
    }

    /// <summary>Returns a delegate's result, unless it is a task: a delegate that returns <see cref="object"/> may return one.</summary>
    /// <param name="result">The result.</param>
    /// <param name="name">The parameter that the delegate was given for.</param>
    /// <exception cref="ArgumentException">The result is a task.</exception>
    internal static T NotAwaited<T>(T result, string name) => result is not null && IsAwaitable(result.GetType())
        ? throw new ArgumentException($"The result of '{name}' is a task, and nothing would wait for it. Nothing was stored. Await before this call, or pass a synchronous delegate.", name)
        : result;

    /// <summary>True for tasks, with or without a result, and for asynchronous sequences.</summary>
    internal static bool IsAwaitable(Type type) =>
        typeof(Task).IsAssignableFrom(type)
        || type == typeof(ValueTask)
        || (type.IsGenericType && type.GetGenericTypeDefinition() is var definition && (definition == typeof(ValueTask<>) || definition == typeof(IAsyncEnumerable<>)));
}
