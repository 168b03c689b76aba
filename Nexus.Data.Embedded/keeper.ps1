# The keeper on Windows: as keeper.sh, but of several that share one durable server the first stops it.
$bin = $env:NEXUS_KEEPER_BIN
$folder = $env:NEXUS_KEEPER_FOLDER
$throwAway = $env:NEXUS_KEEPER_KIND -eq 'throw-away'
$data = Join-Path $folder 'data'
$log = Join-Path $folder 'server.log'
$ProgressPreference = 'SilentlyContinue'

function Invoke-Server([string] $program, [string[]] $arguments) {
    & (Join-Path $bin $program) @arguments 2>&1 | Select-Object -Last 8
    if ($LASTEXITCODE -ne 0) { throw "$program failed" }
}

$stop = $false
try {
    if (-not (Test-Path $data)) {
        $fresh = Join-Path $folder ".data.$PID"
        Invoke-Server 'initdb' @('-D', $fresh, '-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C',
            "--pwfile=$(Join-Path $folder 'password')")
        Add-Content (Join-Path $fresh 'postgresql.conf') "include = '../server.conf'"
        Move-Item $fresh $data
    }

    & (Join-Path $bin 'pg_ctl') -D $data status *> $null
    if ($LASTEXITCODE -ne 0) {
        $stop = $true
        # Neither a pipe nor -Wait: both would wait for the server, which pg_ctl leaves running.
        $start = Start-Process (Join-Path $bin 'pg_ctl') -NoNewWindow -PassThru -ArgumentList (
            "-D `"$data`" -l `"$log`" -w -t $env:NEXUS_KEEPER_SECONDS -s start")
        $null = $start.Handle
        $start.WaitForExit()
        if ($start.ExitCode -ne 0) { throw 'the server does not start' }
    }

    [Console]::Out.WriteLine('ready')
    while ($null -ne ($word = [Console]::In.ReadLine())) {
        if ($word -eq 'detach') { exit 0 }
    }
}
catch {
    [Console]::Out.WriteLine("$_")
    Get-Content $log -Tail 15 -ErrorAction SilentlyContinue | ForEach-Object { [Console]::Out.WriteLine($_) }
    $failed = 1
}

if ($stop -or $throwAway) {
    & (Join-Path $bin 'pg_ctl') -D $data -m $(if ($throwAway) { 'immediate' } else { 'fast' }) -w stop *> $null
}
if ($throwAway) { Remove-Item $folder -Recurse -Force -ErrorAction SilentlyContinue }
exit [int]$failed
