using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Watchers;

/// <summary>An API server on loopback with a state of its own, and its administrator's clients.</summary>
internal sealed class WatchedServer : IDisposable
{
    /// <summary>A kind that nothing else touches; a few fields, and annotations of any size.</summary>
    public const string Objects = "/apis/scheduling.k8s.io/v1/priorityclasses";

    public const string Ticker = "ticker";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _data = Directory.CreateTempSubdirectory("cluster-watchers-").FullName;
    private readonly Process _process;
    private HttpClient? _writer;
    private X509Certificate2? _authority;
    private X509Certificate2? _administrator;

    private WatchedServer(string cluster, int core)
    {
        int port = FreePort();
        Url = new Uri($"https://127.0.0.1:{port}");
        string[] line =
        [
            "--pdeathsig", "KILL", "taskset", "-c", core.ToString(CultureInfo.InvariantCulture), cluster, "apiserver", "--data", _data,
            "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port.ToString(CultureInfo.InvariantCulture),
        ];
        _process = Process.Start(new ProcessStartInfo("setpriv", line) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    public ProcessUse Use => ProcessUse.Of(_process.Id);

    /// <exception cref="InvalidOperationException">It did not come up.</exception>
    public static async Task<WatchedServer> StartAsync(string cluster, int core)
    {
        var server = new WatchedServer(cluster, core);
        try
        {
            await server.WaitAsync(() => Task.FromResult(File.Exists(Path.Combine(server._data, "kubeconfig"))));
            server.ReadCertificates(Path.Combine(server._data, "pki"));
            server._writer = server.Client(HttpVersion.Version20, null);
            await server.WaitAsync(server.AnswersAsync);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <param name="version">Of HTTP, exactly.</param>
    /// <param name="receiveBytes">The kernel's buffer of what is not read; null: as the host has it.</param>
    public HttpClient Client(Version version, int? receiveBytes)
    {
        var tls = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
            ClientCertificates = [_administrator!],
        };
        tls.CertificateChainPolicy.CustomTrustStore.Add(_authority!);
        var handler = new SocketsHttpHandler { SslOptions = tls, UseProxy = false };
        if (receiveBytes is { } bytes)
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = bytes };
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return new HttpClient(handler)
        {
            BaseAddress = Url, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromMinutes(10),
        };
    }

    /// <summary>Makes an object with an annotation of a length.</summary>
    public async Task CreateAsync(string name, int bytes)
    {
        string body = "{\"value\":1,\"metadata\":{\"name\":\"" + name + "\",\"annotations\":{\"tick\":\"" + new string('x', bytes) + "\"}}}";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _writer!.PostAsync(new Uri(Objects, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Changes the ticker; its annotation tells readers when this began, in stopwatch ticks.</summary>
    public async Task TickAsync()
    {
        string body = "{\"metadata\":{\"annotations\":{\"tick\":\"" + Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture) + "\"}}}";
        using var content = new StringContent(body, Encoding.UTF8, "application/merge-patch+json");
        using HttpResponseMessage response = await _writer!.PatchAsync(new Uri(Objects + "/" + Ticker, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
    }

    public void Dispose()
    {
        _writer?.Dispose();
        if (!_process.HasExited)
        {
            Shell.Try("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
            if (!_process.WaitForExit(TimeSpan.FromSeconds(20))) _process.Kill();
        }

        _process.Dispose();
        _authority?.Dispose();
        _administrator?.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    private void ReadCertificates(string folder)
    {
        _authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.crt"));
        using var pem = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "admin.crt"), Path.Combine(folder, "admin.key"));
        _administrator = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using HttpResponseMessage response = await _writer!.GetAsync(new Uri("/readyz", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task WaitAsync(Func<Task<bool>> condition)
    {
        long began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > Patience) throw new InvalidOperationException($"the API server did not come up in {_data}");
            await Task.Delay(50);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
