using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary><c>cluster apiserver</c> on loopback with a state of its own, ended with the benchmark, and its administrator's credentials.</summary>
internal sealed class ApiServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly Process _process;
    private X509Certificate2? _administrator;

    private ApiServerProcess(string cluster, string data, string cores, IEnumerable<string> options)
    {
        Data = data;
        int port = FreePort();
        Url = new Uri($"https://127.0.0.1:{port}");
        string[] line =
        [
            "--pdeathsig", "KILL", "taskset", "-c", cores, cluster, "apiserver", "--data", data,
            "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", port.ToString(CultureInfo.InvariantCulture), .. options,
        ];
        _process = StartingThread.Run(() => Process.Start(new ProcessStartInfo("setpriv", line) { RedirectStandardOutput = true, RedirectStandardError = true })!);
        _process.OutputDataReceived += static (_, _) => { };
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    /// <summary>Its folder; the caller's to remove.</summary>
    public string Data { get; }

    public int Pid => _process.Id;

    public ProcessUse Use => ProcessUse.Of(_process.Id);

    /// <summary>From before its process began until it said that it is ready.</summary>
    public TimeSpan StartTime { get; private set; }

    public X509Certificate2 Authority { get; private set; } = null!;

    /// <summary>Returns when it is ready.</summary>
    /// <param name="cluster">The program.</param>
    /// <param name="data">Its folder, which may hold a state of before.</param>
    /// <param name="cores">As taskset names them.</param>
    /// <param name="options">What else it is told.</param>
    /// <exception cref="InvalidOperationException">It did not come up.</exception>
    public static async Task<ApiServerProcess> StartAsync(string cluster, string data, string cores, params string[] options)
    {
        long began = Stopwatch.GetTimestamp();
        var server = new ApiServerProcess(cluster, data, cores, options);
        try
        {
            // The last file that is written before it listens.
            await server.WaitAsync(() => Task.FromResult(File.Exists(Path.Combine(data, "kubeconfig"))));
            string pki = Path.Combine(data, "pki");
            server.Authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(pki, "ca.crt"));
            server._administrator = Certificate(X509Certificate2.CreateFromPemFile(Path.Combine(pki, "admin.crt"), Path.Combine(pki, "admin.key")));
            using HttpClient client = server.Administrator(HttpVersion.Version20, null);
            await server.WaitAsync(() => AnswersAsync(client));
            server.StartTime = Stopwatch.GetElapsedTime(began);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>A client that may do everything.</summary>
    /// <param name="version">Of HTTP, exactly.</param>
    /// <param name="receiveBytes">The kernel's buffer of what is not read; null: as the host has it.</param>
    public HttpClient Administrator(Version version, int? receiveBytes) => new(TlsHandlers.Create(Authority, _administrator!, receiveBytes))
    {
        BaseAddress = Url, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromMinutes(10),
    };

    /// <summary>A certificate of a user of a group, signed by the cluster's authority: what it may do, RBAC says.</summary>
    public X509Certificate2 Sign(string user, string group)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={user}, O={group}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        string pki = Path.Combine(Data, "pki");
        using X509Certificate2 authority = X509Certificate2.CreateFromPemFile(Path.Combine(pki, "ca.crt"), Path.Combine(pki, "ca.key"));
        DateTimeOffset from = authority.NotBefore;
        using X509Certificate2 signed = request.Create(authority, from, from.AddDays(30), RandomNumberGenerator.GetBytes(16));
        return Certificate(signed.CopyWithPrivateKey(key));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Shell.Try("kill", "-TERM", _process.Id.ToString(CultureInfo.InvariantCulture));
            if (!_process.WaitForExit(TimeSpan.FromSeconds(20))) _process.Kill();
        }

        _process.Dispose();
        Authority?.Dispose();
        _administrator?.Dispose();
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    // TLS takes no key that was only just put beside its certificate.
    private static X509Certificate2 Certificate(X509Certificate2 withKey)
    {
        using (withKey) return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri("/readyz", UriKind.Relative));
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
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > Patience) throw new InvalidOperationException($"the API server did not come up in {Data}");
            await Task.Delay(Look);
        }
    }
}
