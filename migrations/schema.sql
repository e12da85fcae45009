-- The schema all migrations add up to, for reading. Generated from a fresh database; do not edit.
-- To bring it up to date: UPDATE=1 go test -run TestSchemaFile ./adapters/postgres/
-- The tables of the job queue (river_*) and of the migrator are not shown.

CREATE TABLE address_sources (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	family text NOT NULL,
	kind text NOT NULL,
	label text NOT NULL,
	sealed bytea,
	fingerprint text NOT NULL,
	first text[] NOT NULL,
	next_index bigint NOT NULL,
	created_at timestamp with time zone NOT NULL,
	active_from timestamp with time zone,
	removed_at timestamp with time zone,
	CONSTRAINT address_sources_pkey PRIMARY KEY (id),
	CONSTRAINT address_sources_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT address_sources_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT address_sources_check CHECK ((kind = 'xpub'::text) = (sealed IS NOT NULL)),
	CONSTRAINT address_sources_check1 CHECK ((kind = 'xpub'::text) = (fingerprint <> ''::text)),
	CONSTRAINT address_sources_family_check CHECK (family <> ''::text),
	CONSTRAINT address_sources_first_check CHECK (cardinality(first) > 0),
	CONSTRAINT address_sources_kind_check CHECK (kind = ANY (ARRAY['xpub'::text, 'pool'::text])),
	CONSTRAINT address_sources_next_index_check CHECK (next_index >= 0 AND next_index <= '2147483648'::bigint)
);
CREATE UNIQUE INDEX address_sources_current ON public.address_sources USING btree (project_id, family) WHERE ((active_from IS NOT NULL) AND (removed_at IS NULL));
CREATE UNIQUE INDEX address_sources_current_key ON public.address_sources USING btree (family, fingerprint) WHERE ((active_from IS NOT NULL) AND (removed_at IS NULL) AND (kind = 'xpub'::text));
CREATE INDEX address_sources_of_key ON public.address_sources USING btree (family, fingerprint) WHERE (kind = 'xpub'::text);
CREATE INDEX address_sources_of_project ON public.address_sources USING btree (project_id, created_at, id);

CREATE TABLE address_waits (
	project_id uuid NOT NULL,
	hours integer NOT NULL,
	next_hours integer NOT NULL,
	next_from timestamp with time zone,
	CONSTRAINT address_waits_pkey PRIMARY KEY (project_id),
	CONSTRAINT address_waits_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT address_waits_hours_check CHECK (hours >= 0 AND hours <= 168),
	CONSTRAINT address_waits_next_hours_check CHECK (next_hours >= 0 AND next_hours <= 168)
);

CREATE TABLE answers (
	scope text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL,
	fingerprint bytea NOT NULL,
	status integer NOT NULL,
	body bytea NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	CONSTRAINT answers_pkey PRIMARY KEY (scope, key)
);
CREATE INDEX answers_expired ON public.answers USING btree (expires_at);

CREATE TABLE api_keys (
	merchant_id uuid NOT NULL,
	mode text NOT NULL,
	project_id uuid NOT NULL,
	digest bytea NOT NULL,
	hint text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	CONSTRAINT api_keys_pkey PRIMARY KEY (merchant_id, mode),
	CONSTRAINT api_keys_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT api_keys_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT api_keys_digest_check CHECK (length(digest) > 0),
	CONSTRAINT api_keys_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text]))
);
CREATE UNIQUE INDEX api_keys_digest ON public.api_keys USING btree (digest);

CREATE TABLE cursor_trail (
	network text NOT NULL,
	height bigint NOT NULL,
	block_id text NOT NULL,
	block_time timestamp with time zone NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	CONSTRAINT cursor_trail_pkey PRIMARY KEY (network, height),
	CONSTRAINT cursor_trail_height_check CHECK (height >= 0)
);
CREATE INDEX cursor_trail_since ON public.cursor_trail USING btree (network, block_time, height);

CREATE TABLE cursors (
	network text NOT NULL,
	height bigint NOT NULL,
	block_id text NOT NULL,
	block_time timestamp with time zone NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	CONSTRAINT cursors_pkey PRIMARY KEY (network),
	CONSTRAINT cursors_height_check CHECK (height >= 0)
);

CREATE TABLE dedicated_addresses (
	family text NOT NULL,
	address text NOT NULL,
	source_id uuid NOT NULL,
	idx bigint NOT NULL,
	session_id uuid,
	issued_at timestamp with time zone,
	free_from timestamp with time zone NOT NULL,
	received boolean NOT NULL DEFAULT false,
	spent boolean NOT NULL DEFAULT false,
	CONSTRAINT dedicated_addresses_pkey PRIMARY KEY (family, address),
	CONSTRAINT dedicated_addresses_address_check CHECK (address <> ''::text),
	CONSTRAINT dedicated_addresses_check CHECK ((issued_at IS NULL) = (session_id IS NULL)),
	CONSTRAINT dedicated_addresses_check1 CHECK (received OR NOT spent),
	CONSTRAINT dedicated_addresses_idx_check CHECK (idx >= 0)
);
CREATE INDEX dedicated_free ON public.dedicated_addresses USING btree (source_id, free_from, idx) WHERE (NOT spent);
CREATE UNIQUE INDEX dedicated_index ON public.dedicated_addresses USING btree (source_id, idx);
CREATE INDEX dedicated_of_session ON public.dedicated_addresses USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE TABLE ignored_days (
	network text NOT NULL,
	receiver text NOT NULL,
	day date NOT NULL,
	kept bigint NOT NULL,
	more bigint NOT NULL,
	CONSTRAINT ignored_days_pkey PRIMARY KEY (receiver, day, network),
	CONSTRAINT ignored_days_kept_check CHECK (kept >= 0),
	CONSTRAINT ignored_days_more_check CHECK (more >= 0)
);

CREATE TABLE ignored_transfers (
	network text NOT NULL,
	txid text COLLATE "C" NOT NULL,
	idx bigint NOT NULL,
	contract text NOT NULL,
	sender text NOT NULL,
	receiver text NOT NULL,
	units numeric(78,0) NOT NULL,
	height bigint NOT NULL,
	block_time timestamp with time zone NOT NULL,
	reason text NOT NULL,
	CONSTRAINT ignored_transfers_pkey PRIMARY KEY (network, txid, idx),
	CONSTRAINT ignored_transfers_height_check CHECK (height >= 0),
	CONSTRAINT ignored_transfers_idx_check CHECK (idx >= 0),
	CONSTRAINT ignored_transfers_reason_check CHECK (reason = ANY (ARRAY['zero_value'::text, 'foreign_token'::text])),
	CONSTRAINT ignored_transfers_units_check CHECK (units >= 0::numeric AND units < 'NaN'::numeric)
);
CREATE INDEX ignored_arrived ON public.ignored_transfers USING btree (receiver, block_time);
CREATE INDEX ignored_old ON public.ignored_transfers USING btree (block_time);

CREATE TABLE intents (
	id uuid NOT NULL,
	session_id uuid NOT NULL,
	project_id uuid NOT NULL,
	method text NOT NULL,
	network text NOT NULL,
	symbol text NOT NULL,
	contract text NOT NULL,
	decimals smallint NOT NULL,
	address text NOT NULL,
	units numeric(78,0) NOT NULL,
	rate_from text NOT NULL,
	rate_to text NOT NULL,
	rate_price numeric NOT NULL,
	rate_source text NOT NULL,
	rate_at timestamp with time zone NOT NULL,
	created_at timestamp with time zone NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	hold_until timestamp with time zone NOT NULL,
	held boolean NOT NULL,
	matching text NOT NULL DEFAULT 'shared'::text,
	tolerance numeric(78,0) NOT NULL DEFAULT 0,
	confirmations integer NOT NULL DEFAULT 0,
	sources smallint NOT NULL DEFAULT 1,
	CONSTRAINT intents_pkey PRIMARY KEY (id),
	CONSTRAINT intents_address_check CHECK (address <> ''::text),
	CONSTRAINT intents_check CHECK (matching = 'dedicated'::text OR tolerance = 0::numeric),
	CONSTRAINT intents_confirmations_check CHECK (confirmations >= 0),
	CONSTRAINT intents_decimals_check CHECK (decimals >= 0),
	CONSTRAINT intents_matching_check CHECK (matching = ANY (ARRAY['shared'::text, 'dedicated'::text, 'authorized'::text])),
	CONSTRAINT intents_method_check CHECK (method <> ''::text),
	CONSTRAINT intents_network_check CHECK (network <> ''::text),
	CONSTRAINT intents_rate_price_check CHECK (rate_price > 0::numeric AND rate_price < 'Infinity'::numeric),
	CONSTRAINT intents_sources_check CHECK (sources > 0),
	CONSTRAINT intents_tolerance_check CHECK (tolerance >= 0::numeric AND tolerance < 'NaN'::numeric),
	CONSTRAINT intents_units_check CHECK (units > 0::numeric AND units < 'NaN'::numeric)
);
CREATE UNIQUE INDEX intents_dedicated ON public.intents USING btree (network, address, contract) WHERE (held AND (matching = 'dedicated'::text));
CREATE UNIQUE INDEX intents_held ON public.intents USING btree (network, address, contract, units) WHERE held;
CREATE UNIQUE INDEX intents_invited ON public.intents USING btree (session_id, network, contract, address) WHERE (matching = 'authorized'::text);
CREATE INDEX intents_let_go ON public.intents USING btree (network, hold_until, id) WHERE held;
CREATE INDEX intents_listed ON public.intents USING btree (session_id, created_at, id);
CREATE INDEX intents_of_session ON public.intents USING btree (session_id, network, contract) WHERE held;
CREATE INDEX intents_owner ON public.intents USING btree (network, address, created_at, id);
CREATE INDEX intents_watched ON public.intents USING btree (network, address, hold_until);

CREATE TABLE journal (
	merchant_id uuid NOT NULL,
	sequence bigint NOT NULL,
	at timestamp with time zone NOT NULL,
	member_id text NOT NULL,
	name text NOT NULL,
	ip text NOT NULL,
	device text NOT NULL,
	action text NOT NULL,
	subject text NOT NULL,
	value_before text NOT NULL,
	value_after text NOT NULL,
	content bytea NOT NULL,
	chain bytea NOT NULL,
	CONSTRAINT journal_pkey PRIMARY KEY (merchant_id, sequence),
	CONSTRAINT journal_action_check CHECK (action <> ''::text),
	CONSTRAINT journal_chain_check CHECK (length(chain) = 32),
	CONSTRAINT journal_content_check CHECK (length(content) = 32),
	CONSTRAINT journal_sequence_check CHECK (sequence > 0)
);
CREATE INDEX journal_of_action ON public.journal USING btree (merchant_id, action, sequence);
CREATE INDEX journal_of_member ON public.journal USING btree (merchant_id, member_id, sequence);

CREATE TABLE journal_heads (
	merchant_id uuid NOT NULL,
	sequence bigint NOT NULL,
	chain bytea NOT NULL,
	CONSTRAINT journal_heads_pkey PRIMARY KEY (merchant_id),
	CONSTRAINT journal_heads_chain_check CHECK (length(chain) = 32),
	CONSTRAINT journal_heads_sequence_check CHECK (sequence >= 0)
);

CREATE TABLE key_pairs (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	public_key text COLLATE "C" NOT NULL,
	label text NOT NULL,
	digest bytea NOT NULL,
	sealed bytea NOT NULL,
	hint text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	revoked_at timestamp with time zone,
	CONSTRAINT key_pairs_pkey PRIMARY KEY (id),
	CONSTRAINT key_pairs_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT key_pairs_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT key_pairs_digest_check CHECK (length(digest) > 0),
	CONSTRAINT key_pairs_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT key_pairs_public_key_check CHECK (public_key <> ''::text)
);
CREATE UNIQUE INDEX key_pairs_digest ON public.key_pairs USING btree (digest);
CREATE INDEX key_pairs_of_project ON public.key_pairs USING btree (project_id, created_at, id);
CREATE UNIQUE INDEX key_pairs_public_key ON public.key_pairs USING btree (public_key);

CREATE TABLE kyc_documents (
	merchant_id uuid NOT NULL,
	id text COLLATE "C" NOT NULL,
	kind text NOT NULL,
	media_type text NOT NULL,
	bytes integer NOT NULL,
	sealed bytea NOT NULL,
	created_at timestamp with time zone NOT NULL,
	CONSTRAINT kyc_documents_pkey PRIMARY KEY (merchant_id, id),
	CONSTRAINT kyc_documents_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT kyc_documents_bytes_check CHECK (bytes >= 0)
);

CREATE TABLE kyc_records (
	merchant_id uuid NOT NULL,
	state text NOT NULL,
	legal_name text NOT NULL,
	country text NOT NULL,
	kind text NOT NULL,
	registry text NOT NULL,
	note text NOT NULL,
	submitted_at timestamp with time zone,
	decided_at timestamp with time zone,
	CONSTRAINT kyc_records_pkey PRIMARY KEY (merchant_id),
	CONSTRAINT kyc_records_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT kyc_records_state_check CHECK (state = ANY (ARRAY['not_started'::text, 'pending'::text, 'approved'::text, 'rejected'::text]))
);

CREATE TABLE ledger_days (
	project_id uuid NOT NULL,
	mode text NOT NULL,
	day date NOT NULL,
	kind text NOT NULL,
	place text NOT NULL,
	currency text NOT NULL,
	worth_of text NOT NULL,
	worth_source text NOT NULL,
	entries bigint NOT NULL,
	amount numeric NOT NULL,
	worth numeric NOT NULL,
	CONSTRAINT ledger_days_pkey PRIMARY KEY (project_id, mode, day, kind, place, currency, worth_of, worth_source),
	CONSTRAINT ledger_days_amount_check CHECK (amount > 0::numeric AND amount < 'Infinity'::numeric),
	CONSTRAINT ledger_days_check CHECK ((worth_of = ''::text) = (worth_source = ''::text)),
	CONSTRAINT ledger_days_currency_check CHECK (currency ~~ '_%/_%'::text),
	CONSTRAINT ledger_days_entries_check CHECK (entries > 0),
	CONSTRAINT ledger_days_worth_check CHECK (worth >= 0::numeric AND worth < 'Infinity'::numeric)
);

CREATE TABLE ledger_heads (
	merchant_id uuid NOT NULL,
	mode text NOT NULL,
	sequence bigint NOT NULL,
	chain bytea NOT NULL,
	closed_until timestamp with time zone NOT NULL DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone,
	CONSTRAINT ledger_heads_pkey PRIMARY KEY (merchant_id, mode),
	CONSTRAINT ledger_heads_chain_check CHECK (length(chain) = 32),
	CONSTRAINT ledger_heads_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT ledger_heads_sequence_check CHECK (sequence >= 0)
);

CREATE TABLE logins (
	id text COLLATE "C" NOT NULL,
	merchant_id uuid NOT NULL,
	refresh_digest bytea NOT NULL,
	created_at timestamp with time zone NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	revoked_at timestamp with time zone,
	member_id uuid,
	CONSTRAINT logins_pkey PRIMARY KEY (id),
	CONSTRAINT logins_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id)
);
CREATE INDEX logins_ended ON public.logins USING btree (LEAST(expires_at, revoked_at));

CREATE TABLE member_factors (
	member_id uuid NOT NULL,
	totp_sealed bytea,
	totp_confirmed timestamp with time zone,
	totp_last_step bigint NOT NULL,
	recovery bytea NOT NULL,
	CONSTRAINT member_factors_pkey PRIMARY KEY (member_id),
	CONSTRAINT member_factors_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id),
	CONSTRAINT member_factors_check CHECK (totp_confirmed IS NULL OR totp_sealed IS NOT NULL),
	CONSTRAINT member_factors_recovery_check CHECK ((length(recovery) % 32) = 0)
);

CREATE TABLE member_invitations (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	email text NOT NULL,
	role text NOT NULL,
	digest bytea NOT NULL,
	invited_by uuid NOT NULL,
	created_at timestamp with time zone NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	ended_at timestamp with time zone,
	CONSTRAINT member_invitations_pkey PRIMARY KEY (id),
	CONSTRAINT member_invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES members(id),
	CONSTRAINT member_invitations_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT member_invitations_digest_check CHECK (length(digest) > 0),
	CONSTRAINT member_invitations_email_check CHECK (email <> ''::text),
	CONSTRAINT member_invitations_role_check CHECK (role = ANY (ARRAY['owner'::text, 'developer'::text, 'accountant'::text, 'viewer'::text]))
);
CREATE UNIQUE INDEX member_invitations_digest ON public.member_invitations USING btree (digest);
CREATE INDEX member_invitations_open ON public.member_invitations USING btree (merchant_id, created_at, id) WHERE (ended_at IS NULL);

CREATE TABLE member_passkeys (
	id bytea NOT NULL,
	member_id uuid NOT NULL,
	label text NOT NULL,
	credential bytea NOT NULL,
	created_at timestamp with time zone NOT NULL,
	used_at timestamp with time zone,
	CONSTRAINT member_passkeys_pkey PRIMARY KEY (id),
	CONSTRAINT member_passkeys_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id),
	CONSTRAINT member_passkeys_id_check CHECK (length(id) > 0)
);
CREATE INDEX member_passkeys_of_member ON public.member_passkeys USING btree (member_id, created_at, id);

CREATE TABLE member_visits (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	member_id uuid NOT NULL,
	digest bytea NOT NULL,
	device text NOT NULL,
	ip text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	seen_at timestamp with time zone NOT NULL,
	proven_at timestamp with time zone,
	ended_at timestamp with time zone,
	CONSTRAINT member_visits_pkey PRIMARY KEY (id),
	CONSTRAINT member_visits_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id),
	CONSTRAINT member_visits_digest_check CHECK (length(digest) > 0)
);
CREATE INDEX member_visits_began ON public.member_visits USING btree (created_at);
CREATE UNIQUE INDEX member_visits_digest ON public.member_visits USING btree (digest);
CREATE INDEX member_visits_of_member ON public.member_visits USING btree (member_id, created_at, id) WHERE (ended_at IS NULL);
CREATE INDEX member_visits_of_merchant ON public.member_visits USING btree (merchant_id, member_id);

CREATE TABLE members (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	email text NOT NULL,
	role text NOT NULL,
	password_hash text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	removed_at timestamp with time zone,
	CONSTRAINT members_pkey PRIMARY KEY (id),
	CONSTRAINT members_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT members_email_check CHECK (email <> ''::text),
	CONSTRAINT members_role_check CHECK (role = ANY (ARRAY['owner'::text, 'developer'::text, 'accountant'::text, 'viewer'::text]))
);
CREATE UNIQUE INDEX members_email ON public.members USING btree (email) WHERE (removed_at IS NULL);
CREATE INDEX members_of_merchant ON public.members USING btree (merchant_id, created_at, id);

CREATE TABLE merchants (
	id uuid NOT NULL,
	client_id text NOT NULL,
	email text NOT NULL,
	name text NOT NULL,
	password_hash text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	CONSTRAINT merchants_pkey PRIMARY KEY (id),
	CONSTRAINT merchants_client_id_check CHECK (client_id ~ '^101[0-9]{12}$'::text),
	CONSTRAINT merchants_email_check CHECK (email <> ''::text)
);
CREATE UNIQUE INDEX merchants_client_id ON public.merchants USING btree (client_id);
CREATE UNIQUE INDEX merchants_email ON public.merchants USING btree (email);

CREATE TABLE order_days (
	day date NOT NULL,
	last bigint NOT NULL,
	CONSTRAINT order_days_pkey PRIMARY KEY (day),
	CONSTRAINT order_days_last_check CHECK (last > 0)
);

CREATE TABLE passkey_challenges (
	id text COLLATE "C" NOT NULL,
	sealed bytea NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	CONSTRAINT passkey_challenges_pkey PRIMARY KEY (id)
);
CREATE INDEX passkey_challenges_expired ON public.passkey_challenges USING btree (expires_at);

CREATE TABLE payment_methods (
	project_id uuid NOT NULL,
	method text NOT NULL,
	enabled boolean NOT NULL,
	CONSTRAINT payment_methods_pkey PRIMARY KEY (project_id, method),
	CONSTRAINT payment_methods_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT payment_methods_method_check CHECK (method <> ''::text)
);

CREATE TABLE postings (
	order_no bigint NOT NULL,
	"position" smallint NOT NULL,
	merchant_id uuid NOT NULL,
	source text NOT NULL,
	destination text NOT NULL,
	currency text NOT NULL,
	amount numeric(78,0) NOT NULL,
	CONSTRAINT postings_pkey PRIMARY KEY (order_no, "position"),
	CONSTRAINT postings_amount_check CHECK (amount > 0::numeric AND amount < 'NaN'::numeric),
	CONSTRAINT postings_check CHECK (destination <> source),
	CONSTRAINT postings_currency_check CHECK (currency ~~ '_%/_%'::text),
	CONSTRAINT postings_position_check CHECK ("position" >= 0),
	CONSTRAINT postings_source_check CHECK (source <> ''::text)
);

CREATE TABLE projects (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	name text NOT NULL,
	website_url text NOT NULL,
	mode text NOT NULL,
	disabled boolean NOT NULL,
	session_minutes integer NOT NULL,
	late text NOT NULL,
	recorded_charges boolean NOT NULL,
	created_at timestamp with time zone NOT NULL,
	tolerance_basis_points integer NOT NULL DEFAULT 0,
	underpaid text NOT NULL DEFAULT 'hold'::text,
	finality jsonb NOT NULL DEFAULT '[]'::jsonb,
	two_sources_from integer NOT NULL DEFAULT 0,
	CONSTRAINT projects_pkey PRIMARY KEY (id),
	CONSTRAINT projects_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT projects_finality_check CHECK (jsonb_typeof(finality) = 'array'::text),
	CONSTRAINT projects_late_check CHECK (late = ANY (ARRAY['accept'::text, 'hold'::text])),
	CONSTRAINT projects_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT projects_session_minutes_check CHECK (session_minutes > 0),
	CONSTRAINT projects_tolerance_basis_points_check CHECK (tolerance_basis_points >= 0 AND tolerance_basis_points <= 100),
	CONSTRAINT projects_two_sources_from_check CHECK (two_sources_from >= 0),
	CONSTRAINT projects_underpaid_check CHECK (underpaid = ANY (ARRAY['hold'::text, 'record'::text]))
);
CREATE INDEX projects_of_merchant ON public.projects USING btree (merchant_id, created_at, id);
CREATE UNIQUE INDEX projects_website ON public.projects USING btree (website_url) WHERE (website_url <> ''::text);

CREATE TABLE receiving_accounts (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	network text NOT NULL,
	asset text NOT NULL,
	address text NOT NULL,
	label text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	removed_at timestamp with time zone,
	active_from timestamp with time zone NOT NULL DEFAULT now(),
	replaces uuid,
	proven boolean NOT NULL DEFAULT false,
	told_at timestamp with time zone,
	seal text NOT NULL DEFAULT ''::text,
	CONSTRAINT receiving_accounts_pkey PRIMARY KEY (id),
	CONSTRAINT receiving_accounts_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT receiving_accounts_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT receiving_accounts_replaces_fkey FOREIGN KEY (replaces) REFERENCES receiving_accounts(id),
	CONSTRAINT receiving_accounts_address_check CHECK (address <> ''::text)
);
CREATE INDEX receiving_at ON public.receiving_accounts USING btree (address, created_at, id);
CREATE UNIQUE INDEX receiving_current ON public.receiving_accounts USING btree (project_id, network, asset) WHERE (removed_at IS NULL);
CREATE INDEX receiving_successor ON public.receiving_accounts USING btree (replaces) WHERE (replaces IS NOT NULL);
CREATE INDEX receiving_untold ON public.receiving_accounts USING btree (active_from, id) WHERE (told_at IS NULL);
CREATE INDEX receiving_watched ON public.receiving_accounts USING btree (network, address);

CREATE TABLE report_runs (
	id text COLLATE "C" NOT NULL,
	schedule_id text COLLATE "C" NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	period_from timestamp with time zone NOT NULL,
	period_to timestamp with time zone NOT NULL,
	contents text NOT NULL,
	format text NOT NULL,
	trial boolean NOT NULL,
	event_id text COLLATE "C" NOT NULL,
	lines integer NOT NULL,
	size integer NOT NULL,
	digest bytea NOT NULL,
	made_at timestamp with time zone NOT NULL,
	file bytea,
	CONSTRAINT report_runs_pkey PRIMARY KEY (id),
	CONSTRAINT report_runs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES report_schedules(id),
	CONSTRAINT report_runs_check CHECK (period_to > period_from),
	CONSTRAINT report_runs_check1 CHECK (
CASE
    WHEN file IS NULL THEN size = 0
    ELSE size = octet_length(file) AND digest = sha256(file)
END),
	CONSTRAINT report_runs_contents_check CHECK (contents = ANY (ARRAY['days'::text, 'assets'::text, 'entries'::text])),
	CONSTRAINT report_runs_event_id_check CHECK (event_id <> ''::text),
	CONSTRAINT report_runs_format_check CHECK (format = ANY (ARRAY['csv'::text, 'json'::text])),
	CONSTRAINT report_runs_lines_check CHECK (lines >= 0),
	CONSTRAINT report_runs_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text]))
);
CREATE INDEX report_runs_listed ON public.report_runs USING btree (project_id, mode, made_at, id);
CREATE INDEX report_runs_of_schedule ON public.report_runs USING btree (schedule_id, made_at, id);
CREATE UNIQUE INDEX report_runs_period ON public.report_runs USING btree (schedule_id, period_from) WHERE (NOT trial);

CREATE TABLE report_schedules (
	id text COLLATE "C" NOT NULL,
	number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	every text NOT NULL,
	contents text NOT NULL,
	format text NOT NULL,
	told_until timestamp with time zone NOT NULL,
	due_at timestamp with time zone NOT NULL,
	created_at timestamp with time zone NOT NULL,
	removed_at timestamp with time zone,
	CONSTRAINT report_schedules_pkey PRIMARY KEY (id),
	CONSTRAINT report_schedules_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT report_schedules_check CHECK (due_at > told_until),
	CONSTRAINT report_schedules_contents_check CHECK (contents = ANY (ARRAY['days'::text, 'assets'::text, 'entries'::text])),
	CONSTRAINT report_schedules_every_check CHECK (every = ANY (ARRAY['day'::text, 'week'::text, 'month'::text])),
	CONSTRAINT report_schedules_format_check CHECK (format = ANY (ARRAY['csv'::text, 'json'::text])),
	CONSTRAINT report_schedules_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text]))
);
CREATE INDEX report_schedules_due ON public.report_schedules USING btree (due_at, id) WHERE (removed_at IS NULL);
CREATE INDEX report_schedules_of_project ON public.report_schedules USING btree (project_id, mode, number) WHERE (removed_at IS NULL);

CREATE TABLE rescans (
	network text NOT NULL,
	started_at timestamp with time zone NOT NULL,
	from_height bigint NOT NULL,
	to_height bigint NOT NULL,
	next_height bigint NOT NULL,
	found integer NOT NULL,
	missing integer NOT NULL,
	host text NOT NULL,
	second boolean NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	finished_at timestamp with time zone,
	own_unread boolean NOT NULL DEFAULT false,
	CONSTRAINT rescans_pkey PRIMARY KEY (network, started_at),
	CONSTRAINT rescans_check CHECK (to_height >= from_height),
	CONSTRAINT rescans_check1 CHECK (next_height >= from_height AND next_height <= (to_height + 1)),
	CONSTRAINT rescans_check2 CHECK (finished_at IS NULL OR next_height = (to_height + 1)),
	CONSTRAINT rescans_found_check CHECK (found >= 0),
	CONSTRAINT rescans_from_height_check CHECK (from_height >= 0),
	CONSTRAINT rescans_missing_check CHECK (missing >= 0),
	CONSTRAINT rescans_network_check CHECK (network <> ''::text)
);
CREATE UNIQUE INDEX rescans_under_way ON public.rescans USING btree (network) WHERE (finished_at IS NULL);

CREATE TABLE resource_contents (
	resource_id uuid NOT NULL,
	hash bytea NOT NULL,
	content bytea NOT NULL,
	CONSTRAINT resource_contents_pkey PRIMARY KEY (resource_id),
	CONSTRAINT resource_contents_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resources(id),
	CONSTRAINT resource_contents_content_check CHECK (length(content) > 0),
	CONSTRAINT resource_contents_hash_check CHECK (length(hash) = 32)
);

CREATE TABLE resources (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	sku text COLLATE "C" NOT NULL,
	currency text NOT NULL,
	price numeric(78,0) NOT NULL,
	networks bigint[] NOT NULL,
	pay_to jsonb,
	title text NOT NULL,
	service_name text NOT NULL,
	description text NOT NULL,
	mime_type text NOT NULL,
	tags text[] NOT NULL,
	discoverable boolean NOT NULL,
	timeout_seconds integer NOT NULL,
	flow text NOT NULL,
	valid_from timestamp with time zone,
	valid_until timestamp with time zone,
	content_kind text NOT NULL,
	content_type text NOT NULL,
	file_name text NOT NULL,
	content_bytes bigint NOT NULL,
	content_hash bytea,
	upstream_url text NOT NULL,
	upstream_header text NOT NULL,
	upstream_sealed bytea,
	upstream_post boolean NOT NULL,
	upstream_query boolean NOT NULL,
	version bigint NOT NULL,
	created_at timestamp with time zone NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	archived_at timestamp with time zone,
	scheme text NOT NULL DEFAULT 'exact'::text,
	CONSTRAINT resources_pkey PRIMARY KEY (id),
	CONSTRAINT resources_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants(id),
	CONSTRAINT resources_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT resources_check CHECK (pay_to IS NULL OR mode = 'test'::text),
	CONSTRAINT resources_check1 CHECK ((content_kind = ANY (ARRAY['body'::text, 'file'::text])) = (content_hash IS NOT NULL)),
	CONSTRAINT resources_check2 CHECK ((content_kind = 'upstream'::text) = (upstream_url <> ''::text)),
	CONSTRAINT resources_check3 CHECK ((upstream_header = ''::text) = (upstream_sealed IS NULL)),
	CONSTRAINT resources_content_bytes_check CHECK (content_bytes >= 0),
	CONSTRAINT resources_content_kind_check CHECK (content_kind = ANY (ARRAY[''::text, 'body'::text, 'file'::text, 'upstream'::text])),
	CONSTRAINT resources_currency_check CHECK (currency = ANY (ARRAY['USDC/6'::text, 'USD/2'::text, 'USDT/6'::text])),
	CONSTRAINT resources_flow_check CHECK (flow = ANY (ARRAY['authorization'::text, 'upfront'::text])),
	CONSTRAINT resources_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT resources_price_check CHECK (price > 0::numeric AND price < 'NaN'::numeric),
	CONSTRAINT resources_scheme_check CHECK (scheme = ANY (ARRAY['exact'::text, 'upto'::text])),
	CONSTRAINT resources_sku_check CHECK (sku ~ '^[A-Za-z0-9._-]{1,64}$'::text),
	CONSTRAINT resources_timeout_seconds_check CHECK (timeout_seconds > 0),
	CONSTRAINT resources_version_check CHECK (version > 0)
);
CREATE INDEX resources_discoverable ON public.resources USING btree (mode, created_at, id) WHERE (discoverable AND (archived_at IS NULL) AND (content_kind <> ''::text));
CREATE INDEX resources_listed ON public.resources USING btree (project_id, mode, created_at, id);
CREATE UNIQUE INDEX resources_sku ON public.resources USING btree (merchant_id, sku);
CREATE INDEX resources_sold ON public.resources USING btree (project_id, mode, created_at, id) WHERE (archived_at IS NULL);

CREATE TABLE sandbox_calls (
	account bytea NOT NULL,
	nonce bigint NOT NULL,
	txid bytea NOT NULL,
	chain_id numeric(20,0),
	asset bytea,
	payer bytea,
	nonce3009 bytea,
	payee bytea,
	value bytea,
	until bytea,
	mined_at timestamp with time zone NOT NULL,
	gone_at timestamp with time zone,
	succeeded boolean NOT NULL,
	method text NOT NULL DEFAULT 'eip3009'::text,
	token bytea,
	most bytea,
	CONSTRAINT sandbox_calls_pkey PRIMARY KEY (account, nonce),
	CONSTRAINT sandbox_calls_account_check CHECK (length(account) = 20),
	CONSTRAINT sandbox_calls_asset_check CHECK (length(asset) = 20),
	CONSTRAINT sandbox_calls_chain_id_check CHECK (chain_id > 0::numeric AND chain_id < '18446744073709551616'::numeric),
	CONSTRAINT sandbox_calls_check CHECK (gone_at > mined_at),
	CONSTRAINT sandbox_calls_method_check CHECK (method = ANY (ARRAY['eip3009'::text, 'permit2'::text, 'upto'::text])),
	CONSTRAINT sandbox_calls_most_check CHECK (length(most) = 32),
	CONSTRAINT sandbox_calls_nonce3009_check CHECK (length(nonce3009) = 32),
	CONSTRAINT sandbox_calls_nonce_check CHECK (nonce >= 0),
	CONSTRAINT sandbox_calls_payee_check CHECK (length(payee) = 20),
	CONSTRAINT sandbox_calls_payer_check CHECK (length(payer) = 20),
	CONSTRAINT sandbox_calls_permit CHECK ((method = 'eip3009'::text) = (token IS NULL) AND (method = 'upto'::text) = (most IS NOT NULL)),
	CONSTRAINT sandbox_calls_token_check CHECK (length(token) = 20),
	CONSTRAINT sandbox_calls_txid_check CHECK (length(txid) = 32),
	CONSTRAINT sandbox_calls_until_check CHECK (length(until) = 32),
	CONSTRAINT sandbox_calls_value_check CHECK (length(value) = 32),
	CONSTRAINT sandbox_calls_whole CHECK (num_nulls(chain_id, asset, payer, nonce3009, payee, value, until) = ANY (ARRAY[0, 7]))
);
CREATE UNIQUE INDEX sandbox_calls_txid ON public.sandbox_calls USING btree (txid);
CREATE UNIQUE INDEX sandbox_calls_used ON public.sandbox_calls USING btree (payer, nonce3009, asset, chain_id) WHERE succeeded;

CREATE TABLE sandbox_reorgs (
	id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	at timestamp with time zone NOT NULL,
	height bigint NOT NULL,
	CONSTRAINT sandbox_reorgs_pkey PRIMARY KEY (id),
	CONSTRAINT sandbox_reorgs_height_check CHECK (height >= 0)
);

CREATE TABLE sandbox_seal (
	one boolean NOT NULL,
	until timestamp with time zone NOT NULL,
	CONSTRAINT sandbox_seal_pkey PRIMARY KEY (one),
	CONSTRAINT sandbox_seal_one_check CHECK (one)
);

CREATE TABLE sandbox_transfers (
	txid text COLLATE "C" NOT NULL,
	idx bigint NOT NULL,
	contract text NOT NULL,
	symbol text NOT NULL,
	sender text NOT NULL,
	receiver text NOT NULL,
	units numeric(78,0) NOT NULL,
	mined_at timestamp with time zone NOT NULL,
	gone boolean NOT NULL,
	CONSTRAINT sandbox_transfers_pkey PRIMARY KEY (txid, idx),
	CONSTRAINT sandbox_transfers_idx_check CHECK (idx >= 0),
	CONSTRAINT sandbox_transfers_units_check CHECK (units > 0::numeric AND units < 'NaN'::numeric)
);
CREATE INDEX sandbox_transfers_mined ON public.sandbox_transfers USING btree (mined_at, txid, idx) WHERE (NOT gone);

CREATE TABLE sandbox_troubles (
	id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	kind text NOT NULL,
	project_id uuid,
	from_at timestamp with time zone NOT NULL,
	until_at timestamp with time zone NOT NULL,
	CONSTRAINT sandbox_troubles_pkey PRIMARY KEY (id),
	CONSTRAINT sandbox_troubles_kind_check CHECK (kind = ANY (ARRAY['node'::text, 'webhook'::text]))
);
CREATE INDEX sandbox_troubles_until ON public.sandbox_troubles USING btree (until_at);

CREATE TABLE session_days (
	project_id uuid NOT NULL,
	mode text NOT NULL,
	day date NOT NULL,
	slot smallint NOT NULL,
	opened bigint NOT NULL,
	settled bigint NOT NULL,
	CONSTRAINT session_days_pkey PRIMARY KEY (project_id, mode, day, slot),
	CONSTRAINT session_days_opened_check CHECK (opened >= 0),
	CONSTRAINT session_days_slot_check CHECK (slot >= 0)
);

CREATE TABLE sessions (
	id uuid NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	kind text NOT NULL,
	due_currency text NOT NULL,
	due_amount numeric(78,0) NOT NULL,
	method text NOT NULL,
	description text NOT NULL,
	order_id text COLLATE "C" NOT NULL,
	metadata jsonb,
	success_url text NOT NULL,
	fail_url text NOT NULL,
	status text NOT NULL,
	created_at timestamp with time zone NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	version bigint NOT NULL,
	intent_id uuid,
	receipt_intent_id uuid,
	receipt_network text,
	receipt_txid text,
	receipt_idx bigint,
	receipt_sender text,
	receipt_units numeric(78,0),
	receipt_height bigint,
	receipt_block_time timestamp with time zone,
	receipt_order_no text,
	receipt_late boolean,
	paid numeric(78,0) NOT NULL DEFAULT 0,
	parts integer NOT NULL DEFAULT 0,
	underpaid_held boolean NOT NULL DEFAULT false,
	parts_closed boolean NOT NULL DEFAULT false,
	CONSTRAINT sessions_pkey PRIMARY KEY (id),
	CONSTRAINT sessions_check CHECK (expires_at > created_at),
	CONSTRAINT sessions_check1 CHECK (intent_id IS NOT NULL OR (status <> ALL (ARRAY['awaiting'::text, 'processing'::text]))),
	CONSTRAINT sessions_check2 CHECK ((paid > 0::numeric) = (parts > 0)),
	CONSTRAINT sessions_due_amount_check CHECK (due_amount > 0::numeric AND due_amount < 'NaN'::numeric),
	CONSTRAINT sessions_due_currency_check CHECK (due_currency ~~ '_%/_%'::text),
	CONSTRAINT sessions_kind_check CHECK (kind <> ''::text),
	CONSTRAINT sessions_kind_check1 CHECK (kind = ANY (ARRAY['checkout'::text, 'usdt'::text])),
	CONSTRAINT sessions_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT sessions_paid_check CHECK (paid >= 0::numeric AND paid < 'NaN'::numeric),
	CONSTRAINT sessions_parts_check CHECK (parts >= 0),
	CONSTRAINT sessions_receipt_units_check CHECK (receipt_units > 0::numeric AND receipt_units < 'NaN'::numeric),
	CONSTRAINT sessions_receipt_when_settled CHECK ((status = 'settled'::text) = (receipt_txid IS NOT NULL) AND (num_nulls(receipt_intent_id, receipt_network, receipt_txid, receipt_idx, receipt_sender, receipt_units, receipt_height, receipt_block_time, receipt_order_no, receipt_late) = ANY (ARRAY[0, 10]))),
	CONSTRAINT sessions_status_check CHECK (status = ANY (ARRAY['open'::text, 'awaiting'::text, 'processing'::text, 'settled'::text, 'expired'::text, 'cancelled'::text])),
	CONSTRAINT sessions_version_check CHECK (version > 0)
);
CREATE INDEX sessions_due ON public.sessions USING btree (expires_at, id) WHERE (status = ANY (ARRAY['open'::text, 'awaiting'::text]));
CREATE INDEX sessions_listed ON public.sessions USING btree (project_id, mode, created_at, id);
CREATE INDEX sessions_of_status ON public.sessions USING btree (project_id, mode, status, kind, created_at, id);
CREATE UNIQUE INDEX sessions_order_id ON public.sessions USING btree (project_id, mode, order_id) WHERE (order_id <> ''::text);
CREATE INDEX sessions_underpaid ON public.sessions USING btree (project_id, expires_at) WHERE underpaid_held;

CREATE TABLE sightings (
	network text NOT NULL,
	txid text COLLATE "C" NOT NULL,
	idx bigint NOT NULL,
	symbol text NOT NULL,
	contract text NOT NULL,
	decimals smallint NOT NULL,
	sender text NOT NULL,
	receiver text NOT NULL,
	units numeric(78,0) NOT NULL,
	height bigint NOT NULL,
	block_id text NOT NULL,
	block_time timestamp with time zone NOT NULL,
	session_id uuid,
	CONSTRAINT sightings_pkey PRIMARY KEY (network, txid, idx),
	CONSTRAINT sightings_height_check CHECK (height >= 0),
	CONSTRAINT sightings_idx_check CHECK (idx >= 0),
	CONSTRAINT sightings_units_check CHECK (units > 0::numeric AND units < 'NaN'::numeric)
);
CREATE INDEX sightings_arrived ON public.sightings USING btree (receiver);
CREATE INDEX sightings_of_session ON public.sightings USING btree (session_id);

CREATE TABLE transactions (
	order_no bigint NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	kind text NOT NULL,
	source_ref text COLLATE "C" NOT NULL,
	session_id text NOT NULL,
	description text NOT NULL,
	reverses bigint,
	booked_at timestamp with time zone NOT NULL,
	sequence bigint NOT NULL,
	content bytea NOT NULL,
	chain bytea NOT NULL,
	CONSTRAINT transactions_pkey PRIMARY KEY (order_no),
	CONSTRAINT transactions_chain_check CHECK (length(chain) = 32),
	CONSTRAINT transactions_check CHECK ((kind = 'reversal'::text) = (reverses IS NOT NULL)),
	CONSTRAINT transactions_content_check CHECK (length(content) = 32),
	CONSTRAINT transactions_kind_check CHECK (kind = ANY (ARRAY['charge'::text, 'payment'::text, 'reversal'::text, 'x402'::text])),
	CONSTRAINT transactions_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT transactions_order_no_check CHECK (order_no > 0),
	CONSTRAINT transactions_sequence_check CHECK (sequence > 0),
	CONSTRAINT transactions_source_ref_check CHECK (source_ref <> ''::text)
);
CREATE UNIQUE INDEX transactions_cause ON public.transactions USING btree (kind, source_ref);
CREATE UNIQUE INDEX transactions_chain ON public.transactions USING btree (merchant_id, mode, sequence);
CREATE INDEX transactions_stated ON public.transactions USING btree (project_id, mode, kind, booked_at, order_no);

CREATE TABLE transfers (
	network text NOT NULL,
	txid text COLLATE "C" NOT NULL,
	idx bigint NOT NULL,
	symbol text NOT NULL,
	contract text NOT NULL,
	decimals smallint NOT NULL,
	sender text NOT NULL,
	receiver text NOT NULL,
	units numeric(78,0) NOT NULL,
	height bigint NOT NULL,
	block_id text NOT NULL,
	block_time timestamp with time zone NOT NULL,
	project_id uuid,
	session_id uuid,
	intent_id uuid,
	disposition text NOT NULL,
	order_no text NOT NULL,
	recorded_at timestamp with time zone NOT NULL,
	reason text,
	decision text NOT NULL DEFAULT ''::text,
	decided_at timestamp with time zone,
	decision_note text NOT NULL DEFAULT ''::text,
	return_txid text COLLATE "C" NOT NULL DEFAULT ''::text,
	CONSTRAINT transfers_pkey PRIMARY KEY (network, txid, idx),
	CONSTRAINT transfers_agent_check CHECK (disposition <> 'x402'::text OR order_no <> ''::text AND session_id IS NULL AND intent_id IS NULL AND decision = ''::text),
	CONSTRAINT transfers_check CHECK ((reason <> ALL (ARRAY['awaiting_second_source'::text, 'sources_disagree'::text])) OR (disposition = ANY (ARRAY['held'::text, 'reversed'::text]))),
	CONSTRAINT transfers_check1 CHECK ((decision = ''::text) = (decided_at IS NULL)),
	CONSTRAINT transfers_check2 CHECK ((decision <> ALL (ARRAY['accepted'::text, 'assigned'::text])) OR (disposition = ANY (ARRAY['settled'::text, 'part'::text, 'reversed'::text]))),
	CONSTRAINT transfers_decision_check CHECK (decision = ANY (ARRAY[''::text, 'accepted'::text, 'assigned'::text, 'returned'::text, 'closed'::text])),
	CONSTRAINT transfers_disposition_check CHECK (disposition = ANY (ARRAY['settled'::text, 'part'::text, 'held'::text, 'duplicate'::text, 'unmatched'::text, 'reversed'::text, 'x402'::text])),
	CONSTRAINT transfers_height_check CHECK (height >= 0),
	CONSTRAINT transfers_idx_check CHECK (idx >= 0),
	CONSTRAINT transfers_reason_check CHECK (reason = ANY (ARRAY['awaiting_second_source'::text, 'sources_disagree'::text, 'no_second_source'::text, 'rescan_missing'::text, 'x402_settlement'::text])),
	CONSTRAINT transfers_units_check CHECK (units > 0::numeric AND units < 'NaN'::numeric)
);
CREATE INDEX transfers_above ON public.transfers USING btree (network, height, idx) WHERE (disposition <> 'reversed'::text);
CREATE INDEX transfers_arrived ON public.transfers USING btree (receiver, block_time);
CREATE INDEX transfers_decided ON public.transfers USING btree (project_id, (
CASE network
    WHEN 'sandbox'::text THEN 'test'::text
    ELSE 'live'::text
END), recorded_at, height, idx, txid) WHERE (decision <> ''::text);
CREATE INDEX transfers_of_session ON public.transfers USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX transfers_unproven ON public.transfers USING btree (network, recorded_at, height, idx, txid) WHERE ((disposition = 'held'::text) AND (reason = ANY (ARRAY['awaiting_second_source'::text, 'sources_disagree'::text])));
CREATE INDEX transfers_waiting ON public.transfers USING btree (project_id, (
CASE network
    WHEN 'sandbox'::text THEN 'test'::text
    ELSE 'live'::text
END), recorded_at, height, idx, txid) WHERE ((disposition = ANY (ARRAY['held'::text, 'duplicate'::text, 'unmatched'::text])) AND (decision = ''::text));

CREATE TABLE watch_gaps (
	network text NOT NULL,
	from_at timestamp with time zone NOT NULL,
	until timestamp with time zone NOT NULL,
	CONSTRAINT watch_gaps_pkey PRIMARY KEY (network, from_at),
	CONSTRAINT watch_gaps_check CHECK (until > from_at)
);

CREATE TABLE watch_marks (
	network text NOT NULL,
	height bigint NOT NULL,
	block_id text NOT NULL,
	block_time timestamp with time zone NOT NULL,
	updated_at timestamp with time zone NOT NULL,
	CONSTRAINT watch_marks_pkey PRIMARY KEY (network, height),
	CONSTRAINT watch_marks_height_check CHECK (height >= 0)
);
CREATE INDEX watch_marks_at ON public.watch_marks USING btree (network, block_time);

CREATE TABLE webhook_attempts (
	delivery_id text COLLATE "C" NOT NULL,
	number integer NOT NULL,
	at timestamp with time zone NOT NULL,
	took_ns bigint NOT NULL,
	status_code integer NOT NULL,
	outcome text NOT NULL,
	answer text NOT NULL,
	request_head jsonb NOT NULL DEFAULT '[]'::jsonb,
	answer_head jsonb NOT NULL DEFAULT '[]'::jsonb,
	CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, number),
	CONSTRAINT webhook_attempts_answer_head_check CHECK (jsonb_typeof(answer_head) = 'array'::text),
	CONSTRAINT webhook_attempts_number_check CHECK (number > 0),
	CONSTRAINT webhook_attempts_outcome_check CHECK (outcome <> ''::text),
	CONSTRAINT webhook_attempts_request_head_check CHECK (jsonb_typeof(request_head) = 'array'::text),
	CONSTRAINT webhook_attempts_took_ns_check CHECK (took_ns >= 0)
);

CREATE TABLE webhook_deliveries (
	id text COLLATE "C" NOT NULL,
	number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	event_id text COLLATE "C" NOT NULL,
	event_at timestamp with time zone NOT NULL,
	endpoint_id text COLLATE "C" NOT NULL,
	merchant_id uuid NOT NULL,
	status text NOT NULL,
	attempts integer NOT NULL,
	round integer NOT NULL,
	next_at timestamp with time zone,
	updated_at timestamp with time zone NOT NULL,
	CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
	CONSTRAINT webhook_deliveries_attempts_check CHECK (attempts >= 0),
	CONSTRAINT webhook_deliveries_round_check CHECK (round >= 0),
	CONSTRAINT webhook_deliveries_status_check CHECK (status = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text]))
);
CREATE INDEX webhook_deliveries_of_endpoint ON public.webhook_deliveries USING btree (endpoint_id, event_at, number);
CREATE INDEX webhook_deliveries_of_event ON public.webhook_deliveries USING btree (event_id, number);

CREATE TABLE webhook_endpoints (
	id text COLLATE "C" NOT NULL,
	number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	url text NOT NULL,
	types text[] NOT NULL,
	description text NOT NULL,
	secret bytea NOT NULL,
	older_secret bytea,
	second_until timestamp with time zone,
	enabled boolean NOT NULL,
	disabled_for text NOT NULL,
	failures integer NOT NULL,
	failing_since timestamp with time zone,
	created_at timestamp with time zone NOT NULL,
	CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
	CONSTRAINT webhook_endpoints_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id),
	CONSTRAINT webhook_endpoints_failures_check CHECK (failures >= 0),
	CONSTRAINT webhook_endpoints_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT webhook_endpoints_secret_check CHECK (length(secret) > 0),
	CONSTRAINT webhook_endpoints_url_check CHECK (url <> ''::text)
);
CREATE INDEX webhook_endpoints_of_project ON public.webhook_endpoints USING btree (project_id, mode, created_at, number);

CREATE TABLE webhook_events (
	id text COLLATE "C" NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	type text NOT NULL,
	session_id text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	body bytea NOT NULL,
	created_at timestamp with time zone NOT NULL,
	CONSTRAINT webhook_events_pkey PRIMARY KEY (id),
	CONSTRAINT webhook_events_body_check CHECK (length(body) > 0),
	CONSTRAINT webhook_events_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT webhook_events_type_check CHECK (type <> ''::text)
);
CREATE INDEX webhook_events_listed ON public.webhook_events USING btree (project_id, mode, created_at, id);
CREATE INDEX webhook_events_of_session ON public.webhook_events USING btree (session_id, created_at, id) WHERE (session_id <> ''::text);
CREATE INDEX webhook_events_of_type ON public.webhook_events USING btree (project_id, mode, type, created_at, id);

CREATE TABLE x402_answers (
	key bytea NOT NULL,
	status integer NOT NULL,
	headers jsonb NOT NULL,
	body bytea NOT NULL,
	expires_at timestamp with time zone NOT NULL,
	CONSTRAINT x402_answers_pkey PRIMARY KEY (key),
	CONSTRAINT x402_answers_body_check CHECK (length(body) <= 8388608),
	CONSTRAINT x402_answers_headers_check CHECK (jsonb_typeof(headers) = 'object'::text),
	CONSTRAINT x402_answers_key_check CHECK (length(key) = 80),
	CONSTRAINT x402_answers_status_check CHECK (status >= 100 AND status <= 599)
);
CREATE INDEX x402_answers_expired ON public.x402_answers USING btree (expires_at);

CREATE TABLE x402_lanes (
	network bigint NOT NULL,
	account bytea NOT NULL,
	next bigint NOT NULL,
	CONSTRAINT x402_lanes_pkey PRIMARY KEY (network, account),
	CONSTRAINT x402_lanes_account_check CHECK (length(account) = 20),
	CONSTRAINT x402_lanes_network_check CHECK (network > 0),
	CONSTRAINT x402_lanes_next_check CHECK (next >= 0)
);

CREATE TABLE x402_settlements (
	key bytea NOT NULL GENERATED ALWAYS AS ((((int8send(network) || asset) || payer) || nonce)) STORED,
	id uuid NOT NULL,
	network bigint NOT NULL,
	asset bytea NOT NULL,
	payer bytea NOT NULL,
	pay_to bytea NOT NULL,
	nonce bytea NOT NULL,
	value numeric(78,0) NOT NULL,
	valid_after numeric(78,0) NOT NULL,
	valid_before numeric(78,0) NOT NULL,
	signature bytea NOT NULL,
	route text NOT NULL,
	merchant_id uuid NOT NULL,
	project_id uuid NOT NULL,
	mode text NOT NULL,
	sku text NOT NULL,
	request bytea NOT NULL,
	signed bytea NOT NULL,
	client bytea NOT NULL,
	version smallint NOT NULL,
	resource_id uuid,
	session_id uuid,
	price_currency text NOT NULL,
	price numeric(78,0) NOT NULL,
	title text NOT NULL,
	payment_id text COLLATE "C" NOT NULL,
	status text NOT NULL,
	txid bytea,
	reason text NOT NULL,
	order_no text NOT NULL,
	claimed_at timestamp with time zone NOT NULL,
	settled_at timestamp with time zone,
	look_at timestamp with time zone,
	changed_at timestamp with time zone NOT NULL,
	method text NOT NULL DEFAULT 'eip3009'::text,
	token bytea,
	most numeric(78,0),
	facilitator bytea,
	allowance bytea,
	CONSTRAINT x402_settlements_id_key UNIQUE (id),
	CONSTRAINT x402_settlements_pkey PRIMARY KEY (key),
	CONSTRAINT x402_settlements_allowance_check CHECK (length(allowance) = 161),
	CONSTRAINT x402_settlements_asset_check CHECK (length(asset) = 20),
	CONSTRAINT x402_settlements_check CHECK ((status = ANY (ARRAY['refused'::text, 'failed'::text])) = (reason <> ''::text)),
	CONSTRAINT x402_settlements_check1 CHECK ((status = 'settled'::text) = (settled_at IS NOT NULL)),
	CONSTRAINT x402_settlements_check2 CHECK (txid IS NULL OR (status <> ALL (ARRAY['claimed'::text, 'refused'::text]))),
	CONSTRAINT x402_settlements_check3 CHECK (txid IS NOT NULL OR (status <> ALL (ARRAY['signed'::text, 'broadcast'::text, 'pending'::text, 'settled'::text, 'reversed'::text]))),
	CONSTRAINT x402_settlements_check4 CHECK (most >= value AND most < 'NaN'::numeric),
	CONSTRAINT x402_settlements_client_check CHECK (length(client) = 32),
	CONSTRAINT x402_settlements_facilitator_check CHECK (length(facilitator) = 20),
	CONSTRAINT x402_settlements_method_check CHECK (method = ANY (ARRAY['eip3009'::text, 'permit2'::text, 'upto'::text])),
	CONSTRAINT x402_settlements_mode_check CHECK (mode = ANY (ARRAY['test'::text, 'live'::text])),
	CONSTRAINT x402_settlements_most_check1 CHECK ((method = 'upto'::text) = (most IS NOT NULL) AND (method = 'upto'::text) = (facilitator IS NOT NULL) AND (most IS NULL OR most = value OR (status <> ALL (ARRAY['claimed'::text, 'refused'::text])))),
	CONSTRAINT x402_settlements_network_check CHECK (network > 0),
	CONSTRAINT x402_settlements_nonce_check CHECK (length(nonce) = 32),
	CONSTRAINT x402_settlements_pay_to_check CHECK (length(pay_to) = 20),
	CONSTRAINT x402_settlements_payer_check CHECK (length(payer) = 20),
	CONSTRAINT x402_settlements_permit_check CHECK ((method = 'eip3009'::text) = (token IS NULL) AND (allowance IS NULL OR token IS NOT NULL)),
	CONSTRAINT x402_settlements_price_check CHECK (price > 0::numeric AND price < 'NaN'::numeric),
	CONSTRAINT x402_settlements_price_currency_check CHECK (price_currency ~~ '_%/_%'::text),
	CONSTRAINT x402_settlements_request_check CHECK (length(request) = 32),
	CONSTRAINT x402_settlements_route_check CHECK (route = ANY (ARRAY[''::text, 'key'::text, 'wallet'::text, 'factory'::text, 'sponsored'::text])),
	CONSTRAINT x402_settlements_signed_check CHECK (length(signed) = 32),
	CONSTRAINT x402_settlements_status_check CHECK (status = ANY (ARRAY['claimed'::text, 'signed'::text, 'broadcast'::text, 'delegated'::text, 'pending'::text, 'settled'::text, 'reversed'::text, 'refused'::text, 'failed'::text])),
	CONSTRAINT x402_settlements_token_check CHECK (length(token) = 20),
	CONSTRAINT x402_settlements_txid_check CHECK (length(txid) = 32),
	CONSTRAINT x402_settlements_valid_after_check CHECK (valid_after >= 0::numeric AND valid_after < 'NaN'::numeric),
	CONSTRAINT x402_settlements_valid_before_check CHECK (valid_before >= 0::numeric AND valid_before < 'NaN'::numeric),
	CONSTRAINT x402_settlements_value_check CHECK (value > 0::numeric AND value < 'NaN'::numeric),
	CONSTRAINT x402_settlements_version_check CHECK (version = ANY (ARRAY[1, 2]))
);
CREATE INDEX x402_settlements_due ON public.x402_settlements USING btree (look_at) WHERE (look_at IS NOT NULL);
CREATE UNIQUE INDEX x402_settlements_id_key ON public.x402_settlements USING btree (id);
CREATE UNIQUE INDEX x402_settlements_moved ON public.x402_settlements USING btree (network, txid, payer, COALESCE(token, asset), pay_to, value) WHERE (status = 'settled'::text);
CREATE INDEX x402_settlements_owning ON public.x402_settlements USING btree (network, COALESCE(token, asset), payer, pay_to, value) WHERE ((status <> 'settled'::text) AND ((status <> ALL (ARRAY['refused'::text, 'failed'::text])) OR (look_at IS NOT NULL)));
CREATE INDEX x402_settlements_paged ON public.x402_settlements USING btree (project_id, mode, claimed_at, id) WHERE (status <> ALL (ARRAY['claimed'::text, 'refused'::text]));
CREATE INDEX x402_settlements_paid_by ON public.x402_settlements USING btree (merchant_id, sku, payer) WHERE (status = 'settled'::text);
CREATE UNIQUE INDEX x402_settlements_payment_id ON public.x402_settlements USING btree (merchant_id, payment_id) WHERE (payment_id <> ''::text);
CREATE INDEX x402_settlements_session ON public.x402_settlements USING btree (session_id) WHERE (session_id IS NOT NULL);

CREATE TABLE x402_transactions (
	txid bytea NOT NULL,
	number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	network bigint NOT NULL,
	account bytea NOT NULL,
	nonce bigint NOT NULL,
	key bytea,
	raw bytea NOT NULL,
	gas bigint NOT NULL,
	max_fee numeric(78,0) NOT NULL,
	tip numeric(78,0) NOT NULL,
	expected_price numeric(78,0),
	signed_at timestamp with time zone NOT NULL,
	sent_at timestamp with time zone,
	mined_at timestamp with time zone,
	cost numeric(78,0),
	void boolean NOT NULL DEFAULT false,
	CONSTRAINT x402_transactions_pkey PRIMARY KEY (txid),
	CONSTRAINT x402_transactions_account_check CHECK (length(account) = 20),
	CONSTRAINT x402_transactions_check CHECK (mined_at IS NULL OR NOT void),
	CONSTRAINT x402_transactions_check1 CHECK ((mined_at IS NULL) = (cost IS NULL)),
	CONSTRAINT x402_transactions_cost_check CHECK (cost >= 0::numeric AND cost < 'NaN'::numeric),
	CONSTRAINT x402_transactions_expected_price_check CHECK (expected_price >= 0::numeric AND expected_price < 'NaN'::numeric),
	CONSTRAINT x402_transactions_gas_check CHECK (gas > 0),
	CONSTRAINT x402_transactions_key_check CHECK (length(key) = 80),
	CONSTRAINT x402_transactions_max_fee_check CHECK (max_fee >= 0::numeric AND max_fee < 'NaN'::numeric),
	CONSTRAINT x402_transactions_network_check CHECK (network > 0),
	CONSTRAINT x402_transactions_nonce_check CHECK (nonce >= 0),
	CONSTRAINT x402_transactions_tip_check CHECK (tip >= 0::numeric AND tip < 'NaN'::numeric),
	CONSTRAINT x402_transactions_txid_check CHECK (length(txid) = 32)
);
CREATE INDEX x402_transactions_burnt ON public.x402_transactions USING btree (network, mined_at) INCLUDE (cost) WHERE (mined_at IS NOT NULL);
CREATE INDEX x402_transactions_for ON public.x402_transactions USING btree (key, number) WHERE (key IS NOT NULL);
CREATE UNIQUE INDEX x402_transactions_mined ON public.x402_transactions USING btree (network, account, nonce) WHERE (mined_at IS NOT NULL);
CREATE INDEX x402_transactions_unmined ON public.x402_transactions USING btree (network, account, nonce, number) WHERE ((mined_at IS NULL) AND (NOT void));
