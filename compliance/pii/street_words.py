"""Words that make a street's name, by the postal authorities of twelve countries.

Sources: USPS Publication 28, appendix C1 and C2; Royal Mail's PAF guide (thoroughfare descriptors);
India Post; Deutsche Post; La Poste (norme AFNOR Z10-011, types de voie); Correos (tipos de vía);
Poczta Polska; Poste Italiane (DUG); PostNL; PostNord; Correios (tipos de logradouro); Posti.
"""

from compliance.pii.words import words_of

# 12 Baker Street; 7 Station Road; Flat 3, Mill Lane
ENGLISH = words_of("""
Alley Annex Arcade Avenue Ave Bayou Beach Bend Bluff Bluffs Bottom Boulevard Blvd Branch Bridge
Brook Brooks Burg Burgs Bypass Camp Canyon Cape Causeway Center Centers Centre Circle Circles
Circus Cliff Cliffs Close Club Common Commons Corner Corners Course Court Courts Cove Coves Creek
Crescent Crest Crossing Crossroad Crossroads Curve Dale Dam Divide Drive Drives Estate Estates
Expressway Extension Extensions Fall Falls Ferry Field Fields Flat Flats Ford Fords Forest Forge
Forges Fork Forks Fort Freeway Garden Gardens Gate Gateway Glen Glens Green Greens Grove Groves
Harbor Harbors Harbour Haven Heights Highway Hill Hills Hollow Inlet Island Islands Isle Junction
Junctions Key Keys Knoll Knolls Lake Lakes Land Landing Lane Light Lights Loaf Lock Locks Lodge
Loop Mall Manor Manors Meadow Meadows Mews Mill Mills Mission Motorway Mount Mountain Mountains
Neck Orchard Oval Overpass Parade Park Parks Parkway Parkways Pass Passage Path Pike Pine Pines
Place Plain Plains Plaza Point Points Port Ports Prairie Radial Ramp Ranch Rapid Rapids Rest Ridge
Ridges Rise River Road Roads Rd Route Row Rue Run Shoal Shoals Shore Shores Skyway Spring Springs
Spur Spurs Square Squares Station Stravenue Stream Street Streets Summit Terrace Throughway Trace
Track Trafficway Trail Trailer Tunnel Turnpike Underpass Union Unions Valley Valleys Via Viaduct
View Views Village Villages Ville Vista Walk Walks Wall Way Ways Well Wells Wharf Yard Bagh Bazaar
Chowk Colony Ganj Gali Layout Marg Nagar Path Pura Salai Vihar Zila
""")

# Hauptstraße 5; Dorpsstraat 12; Storgatan 1; Mannerheimintie 3. Left out: endings of English words
# that stand before numbers in logs (tor, wall, gate, plan, park: Monitor 3, Firewall 2).
GERMANIC_ENDINGS = words_of("""
straße strasse str. weg platz allee gasse damm ufer chaussee steig stieg pfad graben markt hof
zeile kamp brücke promenade straat laan plein gracht kade dijk singel steeg pad dreef plantsoen
baan boulevard gatan gata vägen väg gränd gränden stigen backen torget allén leden esplanaden gade
vej allé stræde veien vei vegen gaten katu ntie kuja polku
""")
GERMANIC_SEPARATE = words_of("""
Straße Strasse Str. Weg Platz Allee Gasse Ring Damm Ufer Chaussee Promenade Straat Laan Plein
""")
GERMANIC_BEFORE = words_of("""
Am Auf Im Zum Zur Unter Hinter Alte Alter Neue Neuer Kleine Kleiner Große Großer
""")

# 12, rue de la Paix; Calle Mayor; ul. Nowa; Rua Augusta: clear without a number too
ROMANCE_CLEAR = words_of("""
rue avenue boulevard chemin impasse quai allée faubourg ruelle sentier rond-point Calle C/ Avenida
Avda Avda. Callejón Callejuela Travesía Glorieta ul. ulica aleja aleje Rua Travessa Praça Rodovia
""")
# Via Roma 1; place Vendôme; Camino Real 4: words with other meanings, which need a number
ROMANCE_WITH_NUMBER = words_of("""
place cours route square passage esplanade villa voie Plaza Paseo Camino Carretera Ronda Rambla Vía
Cuesta Pasaje Cañada Acceso Vial Pasadizo Poblado Parque Sector Urbanización Alameda al. pl. plac
os. osiedle skwer rondo rynek Via Viale Vicolo Piazza Piazzale Piazzetta Corso Largo Lungomare
Lungotevere Traversa Contrada Borgo Strada Salita Rotonda Località Galleria Canale Stretto Incrocio
Passaggio Piano Estrada Ladeira Viela Loteamento Aeroporto Área Campo Chácara Colônia Condomínio
Conjunto Distrito Estação Favela Fazenda Feira Jardim Lago Lagoa Morro Núcleo Passarela Pátio Praia
Quadra Recanto Residencial Setor Sítio Trecho Trevo Vale Vereda Viaduto Vila
""")
