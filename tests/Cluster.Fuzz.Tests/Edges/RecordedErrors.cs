using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Cluster.Fuzz.Tests.Edges;

/// <summary>Keeps what is logged as an error: whatever a client sends, the server has no reason to.</summary>
internal sealed class RecordedErrors : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _errors = new();

    /// <summary>The errors so far, which are forgotten by it.</summary>
    public string Take()
    {
        var taken = new List<string>();
        while (_errors.TryDequeue(out var error))
            taken.Add(error);
        return string.Join('\n', taken);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _errors.Enqueue($"{formatter(state, exception)} {exception}");
    }
}
