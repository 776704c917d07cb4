using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Auditing;

/// <summary>The file of events, a line of JSON each; when it has grown to its size it gets a date in its name and a new one begins.</summary>
/// <remarks>
/// Safe for concurrent use. One task writes; a request waits for it only when thousands of events are pending, so that none is lost while
/// the disk is slow. What is pending is bounded in bytes too: events that carry bodies are taken only within that. The file is for its owner alone (0600).
/// </remarks>
internal sealed class AuditLog : IAsyncDisposable
{
    private const int MaxPending = 4096;

    /// <summary>A request waits so long for room; then its event is lost, for a disk that hangs must not stop the API.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly AuditLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<byte[]> _pending = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxPending) { SingleReader = true });
    private readonly Task _writing;
    private FileStream? _file;
    private long _dropped;
    private long _pendingBytes;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public AuditLog(AuditLogOptions options, TimeProvider time, ILogger logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _file = Open();
        _writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Takes a line if there is room for all its bytes: for one that can be written shorter.</summary>
    /// <param name="line">Without its end.</param>
    public bool TryWrite(byte[] line)
    {
        if (Interlocked.Add(ref _pendingBytes, line.Length) <= _options.MaxPendingBytes && _pending.Writer.TryWrite(line))
            return true;
        Interlocked.Add(ref _pendingBytes, -line.Length);
        return false;
    }

    /// <param name="line">Without its end; it is taken whatever else is pending, and so should be short.</param>
    /// <param name="cancellationToken">Ends the wait for room.</param>
    public ValueTask WriteAsync(byte[] line, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _pendingBytes, line.Length);
        return _pending.Writer.TryWrite(line) ? ValueTask.CompletedTask : WaitAsync(line, cancellationToken);
    }

    private async ValueTask WaitAsync(byte[] line, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _pending.Writer.WriteAsync(line, either.Token);
        }
        catch (Exception e)
        {
            Interlocked.Add(ref _pendingBytes, -line.Length);
            if (e is not OperationCanceledException || cancellationToken.IsCancellationRequested)
                throw;
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what is pending, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _writing;
        await CloseAsync();
    }

    private async Task WriteAllAsync()
    {
        while (await _pending.Reader.WaitToReadAsync())
        {
            try
            {
                await WriteSomeAsync();
            }
            catch (Exception e)
            {
                // The top of the loop. A full disk must not stop the API: the events at hand are lost, and said to be.
                _logger.LogError("The audit log {Path} cannot be written: {Message}", _options.Path, e.Message);
            }

            if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
                _logger.LogError("The audit log {Path} was too slow: {Count} events are lost", _options.Path, dropped);
        }
    }

    private async Task WriteSomeAsync()
    {
        while (_pending.Reader.TryRead(out var line))
        {
            try
            {
                await WriteAsync(line);
            }
            finally
            {
                Interlocked.Add(ref _pendingBytes, -line.Length);
            }
        }

        if (_file is not null)
            await _file.FlushAsync();
    }

    private async ValueTask WriteAsync(byte[] line)
    {
        _file ??= Open();
        if (_file.Length > 0 && _file.Length + line.Length + 1 > _options.MaxBytes)
            await RotateAsync();
        _file ??= Open();
        await _file.WriteAsync(line);
        _file.WriteByte((byte)'\n');
    }

    // Whatever fails meanwhile, a closed file is never written: the next line opens one.
    private async ValueTask CloseAsync()
    {
        var file = _file;
        _file = null;
        if (file is not null)
            await file.DisposeAsync();
    }

    private async Task RotateAsync()
    {
        await CloseAsync();
        File.Move(_options.Path, Dated());
        foreach (var old in Backups().Skip(_options.MaxBackups))
            File.Delete(old);
    }

    // Two in one tick of the clock sort in their order all the same.
    private string Dated()
    {
        var name = $"{Stem}-{_time.GetUtcNow().ToString("yyyy-MM-ddTHH-mm-ss.fffffff", CultureInfo.InvariantCulture)}";
        var number = 0;
        while (File.Exists($"{name}-{number:D4}{Path.GetExtension(_options.Path)}"))
            number++;
        return $"{name}-{number:D4}{Path.GetExtension(_options.Path)}";
    }

    private string Stem => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_options.Path))!, Path.GetFileNameWithoutExtension(_options.Path));

    /// <summary>Newest first: the dates sort as their names.</summary>
    private IEnumerable<string> Backups() => Directory
        .EnumerateFiles(Path.GetDirectoryName(Stem)!, $"{Path.GetFileName(Stem)}-*{Path.GetExtension(_options.Path)}").OrderDescending(StringComparer.Ordinal).ToList();

    private FileStream Open()
    {
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 64 * 1024 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        return new FileStream(_options.Path, options);
    }
}
