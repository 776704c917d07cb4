using System.Buffers.Binary;
using System.Threading.Channels;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.Protobuf;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy.Reflection;

/// <summary>
/// Keeps the Services and EndpointSlices last seen in a file, so that a proxy that starts while the API is away serves what its predecessor
/// served. Of another boot of the machine it is not used: pods and their addresses did not survive that.
/// </summary>
/// <remarks>
/// The file: a line that names format and boot, then each object in its protobuf envelope after its length (32 bits, little-endian). It is
/// replaced whole, by renaming, at most once in <see cref="WritePeriod"/>.
/// </remarks>
internal sealed class SavedTable
{
    /// <summary>At 10,000 services of ten endpoints a write is about 20 MB: it must not follow every change of a rolling update.</summary>
    private static readonly TimeSpan WritePeriod = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _dirty = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly string _path;
    private readonly string _header;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    public SavedTable(InformerFactory informers, string path, string boot, ILogger logger, TimeProvider time)
    {
        _services = informers.For<Service>();
        _slices = informers.For<EndpointSlice>();
        _path = path;
        _header = $"cluster-proxy-table 1 {boot}\n";
        _logger = logger;
        _time = time;
    }

    /// <summary>What tells this boot of the machine from the next.</summary>
    public static string CurrentBoot { get; } = File.Exists("/proc/sys/kernel/random/boot_id") ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";

    /// <summary>Gives the informers what the file holds; a file that can't be used is told and left.</summary>
    public void Load()
    {
        try
        {
            if (!File.Exists(_path)) return;
            var (services, slices) = Read();
            if (services.Count == 0) return;
            _services.Prime(services);
            _slices.Prime(slices);
            _logger.LogInformation("{Count} services are served as they were last seen, until the API answers", services.Count);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or StatusException or Google.Protobuf.InvalidProtocolBufferException)
        {
            _logger.LogWarning("{File} is not used: {Reason}", _path, exception.Message);
        }
    }

    /// <summary>Follows the informers, once they are in step with the API, until cancelled; writes what is left at the end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _services.AddHandler((_, _) => _dirty.Writer.TryWrite(true));
        _slices.AddHandler((_, _) => _dirty.Writer.TryWrite(true));
        try
        {
            await _services.WaitForSyncAsync(cancellationToken);
            await _slices.WaitForSyncAsync(cancellationToken);
            while (await _dirty.Reader.WaitToReadAsync(cancellationToken))
            {
                await Task.Delay(WritePeriod, _time, cancellationToken);
                _dirty.Reader.TryRead(out _);
                Write();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (_services.HasSynced && _slices.HasSynced && _dirty.Reader.TryRead(out _)) Write();
        }
    }

    private (List<Service> Services, List<EndpointSlice> Slices) Read()
    {
        List<Service> services = [];
        List<EndpointSlice> slices = [];
        var bytes = File.ReadAllBytes(_path).AsMemory();
        var header = System.Text.Encoding.ASCII.GetBytes(_header);
        // Of another boot or format: as if there were none.
        if (!bytes.Span.StartsWith(header)) return (services, slices);
        for (var rest = bytes[header.Length..]; rest.Length > 0;)
        {
            var length = rest.Length >= sizeof(int) ? BinaryPrimitives.ReadInt32LittleEndian(rest.Span) : -1;
            if (length < 0 || length > rest.Length - sizeof(int)) throw new InvalidDataException("it ends in the middle of an object");
            var item = rest.Slice(sizeof(int), length);
            // Written by us: what comes from outside is checked and made canonical where it comes in.
            var content = Envelope.Open(item);
            if (content.Kind == "Service") services.Add(Service.Parser.ParseFrom(content.Raw.Span));
            else slices.Add(EndpointSlice.Parser.ParseFrom(content.Raw.Span));
            rest = rest[(sizeof(int) + length)..];
        }

        return (services, slices);
    }

    private void Write()
    {
        var next = _path + ".next";
        try
        {
            using (var file = Create(next))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(_header));
                foreach (var service in _services.List()) Append(file, Envelope.Encode(service, "v1", "Service"));
                foreach (var slice in _slices.List()) Append(file, Envelope.Encode(slice, "discovery.k8s.io/v1", "EndpointSlice"));
            }

            File.Move(next, _path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk takes nothing from what is served; the next change tries again.
            _logger.LogWarning("The services could not be saved to {File}: {Reason}", _path, exception.Message);
        }
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    private static void Append(FileStream file, byte[] item)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, item.Length);
        file.Write(length);
        file.Write(item);
    }
}
