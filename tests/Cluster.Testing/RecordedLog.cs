using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Cluster.Testing;

/// <summary>A logger of every category that keeps what is logged, from a level on, with scopes and exceptions. Of any thread.</summary>
public sealed class RecordedLog(LogLevel least = LogLevel.Trace) : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>What was logged so far and not taken: the level, the message and the whole exception each.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>The lines so far, which are forgotten by it.</summary>
    public string Take()
    {
        var taken = new List<string>();
        while (_lines.TryDequeue(out var line))
            taken.Add(line);
        return string.Join('\n', taken);
    }

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            _lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        if (least == LogLevel.Trace)
            _lines.Enqueue($"{state}");
        return null;
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
